import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { readTrail } from '../../src/audit/read-trail.ts'
import { ask, modern, type Ask } from './clients.ts'
import { serving, type Served } from './command.ts'
import { installation } from './installation.ts'
import { openStreams } from './streams.ts'

/** How much of it. */
export interface ReloadLoad {
  /** Requests; fewer where the machine does not make them. */
  readonly perSecond: number
  /** How often another policy is put in place; before every third of them one that is broken. */
  readonly changes: number
  /** Requests that are answered between two of them; more than there are connections. */
  readonly between: number
}

/** What came of it. */
export interface ReloadResult {
  /** That were answered: nine of ten are calls, the others ask for the list of tools. */
  readonly requests: number
  /** Requests a second. */
  readonly rate: number
  /** What went wrong with a request: an error, another status than 200, or an answer that no policy gives. */
  readonly failures: readonly string[]
  /** Answers that are not those of the policy that is on record for them, or that the policy in force would not give. */
  readonly mixed: readonly string[]
  /** Policies that were put in force, and that decided something. */
  readonly loaded: number
  readonly deciding: number
  readonly rejected: number
  /** Streams of who has the same rights under every policy, that were ended. */
  readonly lost: number
  /** Whether the stream of who loses his rights was ended. */
  readonly cut: boolean
}

const CLIENTS = 8
const CONNECTIONS_EACH = 4
const STREAMS = 4
const RULES = ['first', 'second', 'third'] as const
const TOOL = 'probe'

const TOOLS = `
import { defineTool, textResult } from '${pathToFileURL(resolve(import.meta.dirname, '../../src/index.ts')).href}'
import { z } from '${pathToFileURL(resolve(import.meta.dirname, '../../node_modules/zod/index.js')).href}'
const permission = 'probe:use'
const tool = (name) => defineTool({
  name, permission, description: name,
  inputSchema: z.strictObject({ n: z.int() }),
  run: async ({ n }) => textResult(String(n)),
})
export const tools = [tool('${TOOL}'), ...${JSON.stringify(RULES)}.map((rule) => tool('only_' + rule))]
`

/** What each of them asks for, so that no service gets by it. */
const EFFECTS = [
  'effect: deny',
  'effect: step-up, within: 5m',
  'effect: approve, by: { role: user }',
] as const

/**
 * Under version k no call with n = k (mod 3) gets by, each for another reason, and of the tools that are named after rules
 * one alone is there. Version 0 alone gives the guest anything. No two files are the same.
 */
function policyText(change: number): string {
  const kind = change % 3
  const clients = Array.from(
    { length: CLIENTS },
    (_, index) => `  - { service: c${index}, roles: [ user ] }\n`,
  )
  return `version: 1
rules:
  - { name: ${RULES[kind]}, ${EFFECTS[kind]}, tools: [ ${TOOL} ], when: "args.n % 3 == ${kind}" }
  - { name: others, effect: deny, tools: [ "only_*" ], when: "tool.name != 'only_${RULES[kind]}'" }
roles: { user: [ "probe:use" ] }
grants:
${clients.join('')}  - { service: steady, roles: [ user ] }
${kind === 0 ? '  - { service: guest, roles: [ user ] }\n' : ''}# change ${change}
`
}

/** Good up to a point: the first is cut short, the second speaks of what is not there, the third is two of them at once. */
function brokenText(change: number): string {
  const [text, other] = [policyText(change), policyText(change + 1)]
  const ways = [text.slice(0, text.indexOf('grants:')), text.replace('args.n', 'args.m'), text + other]
  return ways[Math.floor(change / 3) % ways.length] ?? ''
}

/** What a client was told. */
interface Told {
  readonly n: number
  readonly isLetBy: boolean
}

/**
 * Replaces the access policy of a server, in a process of its own, while clients call, and compares every answer with
 * the policy that is on record for it.
 */
export async function policyReload({ perSecond, changes, between }: ReloadLoad): Promise<ReloadResult> {
  const at = await installation()
  await mkdir(join(at.cwd, 'tools'))
  await writeFile(join(at.cwd, 'tools/probe.ts'), TOOLS)
  await writeFile(join(at.cwd, 'sallyport.yaml'), 'tools: [ tools/probe.ts ]\n')
  await writeFile(join(at.cwd, 'access.yaml'), policyText(0))
  const served = await serving('serve', { cwd: at.cwd })
  const agents: Agent[] = []
  try {
    const target = { port: served.ports.certificates, ca: at.authority.rootPem }
    const client = async (name: string) => ({ ...target, ...(await at.authority.client(name)) })
    const streams = await openStreams(await client('steady'), STREAMS)
    const [guest] = await openStreams(await client('guest'), 1)
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, index): Promise<Ask> => {
        const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_EACH })
        agents.push(agent)
        return { ...(await client(`c${index}`)), agent }
      }),
    )
    const told = new Map<string, Told>()
    const failures: string[] = []
    const load = steadyLoad(perSecond, async (index) => {
      const from = clients[index % CLIENTS]
      if (from === undefined) return
      await (index % 10 === 9 ? list(from) : call(from, index, told)).catch((error: unknown) =>
        failures.push(String(error)),
      )
    })
    for (let change = 1; change <= changes; change++) {
      await load.answers(between)
      if (change % 3 === 0) await put(served, at.cwd, brokenText(change), /access policy was refused/)
      await put(served, at.cwd, policyText(change), /access policy was loaded/)
    }
    await load.answers(between)
    const { requests, rate } = await load.end()
    const kept = streams.filter(({ socket }) => !socket.destroyed).length
    const cut = guest?.socket.destroyed === true
    await served.stop()
    const found = await judged(at.cwd, told, changes)
    return { requests, rate, failures, lost: STREAMS - kept, cut, ...found }
  } finally {
    for (const agent of agents) agent.destroy()
    await served.stop('SIGKILL')
    await at.remove()
  }
}

/** Replaces the file in one step, and waits for the server to say what it makes of it. */
async function put(served: Served, cwd: string, text: string, says: RegExp): Promise<void> {
  const path = join(cwd, 'access.yaml')
  const from = served.log.length
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
  await served.logged(says, from)
}

/** Sends requests at a steady rate until it is ended; a connection that is late sends its next one at once. */
function steadyLoad(perSecond: number, send: (index: number) => Promise<void>) {
  const progress = new EventEmitter()
  const started = performance.now()
  const lanes = CLIENTS * CONNECTIONS_EACH
  const over = new AbortController()
  const state = { requests: 0 }
  const lane = async (first: number): Promise<void> => {
    for (let index = first; !over.signal.aborted; index += lanes) {
      const due = started + (index * 1000) / perSecond
      if (due > performance.now()) await wait(due - performance.now())
      await send(index)
      state.requests++
      progress.emit('answered')
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, async (_, first) => lane(first)))
  return {
    /** Resolves once so many more have been answered. */
    async answers(many: number): Promise<void> {
      const before = state.requests
      while (state.requests < before + many) await once(progress, 'answered')
    },
    async end() {
      over.abort()
      await all
      const { requests } = state
      return { requests, rate: (requests * 1000) / (performance.now() - started) }
    },
  }
}

interface Answer {
  readonly result?: {
    readonly content?: readonly { readonly text: string }[]
    readonly tools?: readonly { readonly name: string }[]
  }
  readonly error?: { readonly message: string }
}

async function answered(
  from: Ask,
  method: string,
  params?: Record<string, unknown>,
): Promise<{ requestId: string; answer: Answer }> {
  const { status, headers, body } = await ask({ ...from, ...modern(method, params) })
  if (status !== 200 && status !== 400) throw new Error(`${status} ${body}`)
  return { requestId: String(headers['x-request-id']), answer: JSON.parse(body) as Answer }
}

async function call(from: Ask, index: number, told: Map<string, Told>): Promise<void> {
  // Not the remainder of the connection: each has calls of all three kinds.
  const n = index + Math.floor(index / CLIENTS)
  const { requestId, answer } = await answered(from, 'tools/call', { name: TOOL, arguments: { n } })
  const text = answer.result?.content?.[0]?.text ?? answer.error?.message
  if (text !== String(n) && text !== `Unknown tool: ${TOOL}`) throw new Error(JSON.stringify(answer))
  told.set(requestId, { n, isLetBy: text === String(n) })
}

const LISTS: ReadonlySet<string> = new Set(RULES.map((rule) => `only_${rule} ${TOOL}`))

/** A list has no record: it must be that of one policy, whichever. */
async function list(from: Ask): Promise<void> {
  const { answer } = await answered(from, 'tools/list')
  const names = answer.result?.tools?.map(({ name }) => name).filter((name) => name !== 'whoami')
  if (!LISTS.has(names?.join(' ') ?? '')) throw new Error(`the list of no policy: ${JSON.stringify(answer)}`)
}

type Judged = Pick<ReloadResult, 'mixed' | 'loaded' | 'deciding' | 'rejected'>

/** Compares what clients were told with the trail, and the trail with itself. */
async function judged(cwd: string, told: ReadonlyMap<string, Told>, changes: number): Promise<Judged> {
  const changeOf = new Map(
    Array.from({ length: changes + 1 }, (_, change) => [digestOf(policyText(change)), change]),
  )
  const mixed: string[] = []
  const deciding = new Set<number>()
  const unseen = new Set(told.keys())
  let [inForce, loaded, rejected] = [0, 0, 0]
  for await (const { event } of readTrail(join(cwd, 'data/audit'))) {
    const change = changeOf.get(String(event['policy']))
    if (event.event === 'policy.rejected') rejected++
    if (event.event === 'policy.loaded') {
      loaded++
      inForce = change ?? Number.NaN
    }
    if (event.event !== 'tool.decided') continue
    const answer = told.get(String(event['requestId']))
    unseen.delete(String(event['requestId']))
    if (change !== undefined) deciding.add(change)
    const expected = change === undefined || answer === undefined ? undefined : expectedOf(answer.n, change)
    const isSame =
      change === inForce &&
      answer?.isLetBy === (expected === null) &&
      event['rule'] === expected &&
      event['decision'] === (expected === null ? 'allow' : 'deny')
    if (!isSame) mixed.push(`${JSON.stringify(event)} told ${JSON.stringify(answer)} under change ${inForce}`)
  }
  for (const requestId of unseen) mixed.push(`${requestId} is not on record`)
  return { mixed, loaded, deciding: deciding.size, rejected }
}

/** The rule that does not let it by; null if it gets by. */
function expectedOf(n: number, change: number): string | null {
  return n % 3 === change % 3 ? (RULES[change % 3] ?? null) : null
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
