import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { join, resolve } from 'node:path'
import { text as whole } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { memberOf } from '../../src/mcp/record.ts'
import { modern } from './clients.ts'
import { serving, type Served } from './command.ts'
import { installation } from './installation.ts'
import { metricsAt } from './metrics.ts'

/** How much of it. */
export interface Trouble {
  /** Half of them over stdio, half over HTTP; at least six. */
  readonly upstreams: number
  /** At once. */
  readonly calls: number
  /** A call takes so long, in ms, and up to as much again. */
  readonly slow: number
  /** Ms until a call to an upstream that hangs is given up. */
  readonly timeout: number
}

/** What became of the calls, and of the server. */
export interface TroubleResult {
  /** That brought their own word back. */
  readonly answered: number
  /** That ended with an error in clear words. */
  readonly failed: number
  /** That the caller gave up. */
  readonly cancelled: number
  /** Answers that are neither: another's word, a status that is not 200, words that say nothing. */
  readonly wrong: readonly string[]
  /** Calls that upstreams which nothing happened to were told nobody waits for any more. */
  readonly toldOfCancelling: number
  /** Calls that are still running at them afterwards. */
  readonly stillRunning: number
  /** Of the server, before and afterwards. */
  readonly descriptors: readonly [before: number, after: number]
  readonly children: readonly [before: number, after: number]
  /** Bytes of heap. */
  readonly heap: readonly [before: number, after: number]
  /** Processes of upstreams that outlived the server. */
  readonly left: readonly number[]
}

const SLOW = resolve(import.meta.dirname, 'slow-upstream.js')
const CALLERS = 8
/** So many calls are given up. */
const ONE_IN = 10
const CLEAR = /^The upstream "[sh]\d+" (?:is not available|went away in the middle|took too long)/
const PATIENCE = 60_000

type Call = (name: string, args: Record<string, unknown>, signal?: AbortSignal) => Promise<string>

/**
 * Calls many slow tools at once, gives some of the calls up, and meanwhile kills two upstreams and stops a third, for
 * real; the server and its upstreams are processes of their own.
 */
export async function upstreamsInTrouble({
  upstreams,
  calls,
  slow,
  timeout,
}: Trouble): Promise<TroubleResult> {
  const at = await installation()
  const overHttp = await Promise.all(Array.from({ length: upstreams / 2 }, startOverHttp))
  const overStdio = Array.from({ length: upstreams - overHttp.length }, (_, index) => `s${index}`)
  await writeFile(join(at.cwd, 'sallyport.yaml'), settings(overStdio, overHttp, calls, timeout))
  await writeFile(join(at.cwd, 'access.yaml'), access())
  const served = await serving('serve', { cwd: at.cwd })
  const agents: Agent[] = []
  try {
    const callers = await Promise.all(
      Array.from({ length: CALLERS }, async (_, index) => {
        const tls = await at.authority.client(`c${index}`)
        const agent = new Agent({ ...tls, ca: at.authority.rootPem, keepAlive: true, maxSockets: calls })
        agents.push(agent)
        return caller(agent, served.ports.certificates)
      }),
    )
    const names = [...overStdio, ...overHttp.map(({ name }) => name)]
    const [call] = callers
    if (call === undefined) throw new Error('nobody calls')
    const pids = await processesOf(call, overStdio)
    // A first round, so that what is compared has pools, caches and connections in it.
    await round(callers, names, { calls, slow: 10, timeout })
    const before = await measured(served, agents)
    // So that the connections stand, and a call that is given up is given up at its upstream.
    await round(callers, names, { calls, slow: 10, timeout })
    const victims = { killed: ['s0', 'h0'], hung: 's1' }
    const ended = round(callers, names, { calls, slow, timeout })
    await wait(slow / 2)
    process.kill(pids.get('s0') ?? 0, 'SIGKILL')
    overHttp[0]?.child.kill('SIGKILL')
    process.kill(pids.get('s1') ?? 0, 'SIGSTOP')
    const outcome = await ended
    process.kill(pids.get('s1') ?? 0, 'SIGCONT')
    const unharmed = names.filter((name) => name !== victims.hung && !victims.killed.includes(name))
    const stats = await Promise.all(unharmed.map(async (name) => statsOf(call, name)))
    // The one over stdio is started again.
    const again = await until(async () => call('s0_pid', {}), /^\d+$/)
    const after = await settled(served, agents, before)
    await served.stop()
    const last = [...pids.values(), Number(again)]
    return {
      ...outcome,
      toldOfCancelling: sum(stats.map(({ cancelled }) => cancelled)),
      stillRunning: sum(stats.map(({ running }) => running)),
      descriptors: [before.descriptors, after.descriptors],
      children: [before.children, after.children],
      heap: [before.heap, after.heap],
      left: last.filter(isAlive),
    }
  } finally {
    for (const agent of agents) agent.destroy()
    for (const { child } of overHttp) child.kill('SIGKILL')
    await served.stop('SIGKILL')
    await at.remove()
  }
}

interface OverHttp {
  readonly name: string
  readonly port: number
  readonly child: ChildProcess
}

async function startOverHttp(_: unknown, index: number): Promise<OverHttp> {
  const child = spawn(process.execPath, [SLOW, 'http'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { name: `h${index}`, port: Number(line.toString()), child }
}

function settings(
  overStdio: readonly string[],
  overHttp: readonly OverHttp[],
  calls: number,
  timeout: number,
): string {
  const shared = { connection: 'shared', era: '2025-11-25', timeout: `${timeout / 1000}s`, inFlight: calls }
  const entries = [
    ...overStdio.map((name) => [name, { command: process.execPath, args: [SLOW], trusted: true, ...shared }]),
    ...overHttp.map(({ name, port }) => [name, { url: `http://127.0.0.1:${port}/mcp`, ...shared }]),
  ]
  return JSON.stringify({
    limits: { requestsInFlight: calls, requestsPerMinute: 1_000_000 },
    pins: { firstUse: 'trust' },
    upstreams: Object.fromEntries(entries),
  })
}

function access(): string {
  const grants = Array.from(
    { length: CALLERS },
    (_, index) => `  - { service: c${index}, roles: [ user ] }\n`,
  )
  return `version: 1\nrules: []\nroles: { user: [ "*" ] }\ngrants:\n${grants.join('')}`
}

/** Resolves with the text of the result, or why there is none. */
function caller(agent: Agent, port: number): Call {
  return async (name, args, signal) => {
    const { headers, body } = modern('tools/call', { name, arguments: args })
    const options: RequestOptions = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: '/mcp',
      method: 'POST',
      agent,
      headers: { host: `localhost:${port}`, ...headers },
      ...(signal === undefined ? {} : { signal }),
    }
    const request = httpsRequest(options)
    request.end(body)
    const [response] = await once(request, 'response')
    const text = await whole(response)
    const answer: unknown = JSON.parse(text)
    const content = memberOf(memberOf(answer, 'result'), 'content')
    const said = Array.isArray(content) ? memberOf(content[0], 'text') : undefined
    return typeof said === 'string' ? said : `${response.statusCode} ${text}`
  }
}

async function processesOf(call: Call, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const pids = names.map(
    async (name) => [name, Number(await until(async () => call(`${name}_pid`, {}), /^\d+$/))] as const,
  )
  return new Map(await Promise.all(pids))
}

async function until(asked: () => Promise<string>, pattern: RegExp): Promise<string> {
  const late = Date.now() + PATIENCE
  for (;;) {
    const answer = await asked()
    if (pattern.test(answer)) return answer
    if (Date.now() > late) throw new Error(`never ${pattern.source}: ${answer}`)
    await wait(50)
  }
}

type Outcome = Pick<TroubleResult, 'answered' | 'failed' | 'cancelled' | 'wrong'>

async function round(
  callers: readonly Call[],
  names: readonly string[],
  { calls, slow }: Pick<Trouble, 'calls' | 'slow' | 'timeout'>,
): Promise<Outcome> {
  const ends = await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      const word = `word-${index}`
      const call = callers[index % callers.length]
      const name = names[index % names.length]
      // Not always of the same upstreams.
      const isGivenUp = (index + Math.floor(index / names.length)) % ONE_IN === 0
      const signal = isGivenUp ? AbortSignal.timeout(Math.floor(slow / 4) + (index % slow)) : undefined
      const args = { ms: slow + ((index * 13) % slow), word }
      if (call === undefined) return 'nobody'
      const said = await call(`${name}_slow`, args, signal).catch((error: unknown) =>
        signal?.aborted === true ? 'given up' : String(error),
      )
      if (said === word) return 'answered'
      if (said === 'given up') return 'cancelled'
      return CLEAR.test(said) ? 'failed' : `${name}: ${said}`
    }),
  )
  const count = (kind: string) => ends.filter((end) => end === kind).length
  return {
    answered: count('answered'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    wrong: ends.filter((end) => !['answered', 'failed', 'cancelled'].includes(end)),
  }
}

async function statsOf(call: Call, name: string): Promise<{ running: number; cancelled: number }> {
  const idle = await until(async () => call(`${name}_stats`, {}), /"running":0/)
  return JSON.parse(idle) as { running: number; cancelled: number }
}

interface Measured {
  readonly descriptors: number
  readonly children: number
  readonly heap: number
}

/** With the callers' own connections closed. */
async function measured(served: Served, agents: readonly Agent[]): Promise<Measured> {
  for (const agent of agents) agent.destroy()
  const { pid } = served.process
  const { samples } = await metricsAt(served.ports.operations)
  return {
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    children: (await childrenOf(pid ?? 0)).length,
    heap: samples.find(({ name }) => name === 'nodejs_heap_size_used_bytes')?.value ?? Number.NaN,
  }
}

/** Measures until it is as before, or for as long as anybody waits. */
async function settled(served: Served, agents: readonly Agent[], before: Measured): Promise<Measured> {
  const late = Date.now() + PATIENCE
  for (;;) {
    const now = await measured(served, agents)
    const isAsBefore = now.descriptors <= before.descriptors && now.children <= before.children
    if ((isAsBefore && now.heap <= before.heap * 1.25) || Date.now() > late) return now
    await wait(250)
  }
}

async function childrenOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter((child) => child !== '')
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
