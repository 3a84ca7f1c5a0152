import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuditEvent } from '../../src/audit/event.ts'
import { upstreamEvents } from '../../src/cli/upstream-events.ts'
import type { CatalogParts } from '../../src/mcp/catalog.ts'
import { ownNamesOf } from '../../src/mcp/upstreams/approved-pins.ts'
import { createConnect } from '../../src/mcp/upstreams/connect.ts'
import type { Definition } from '../../src/mcp/upstreams/definition.ts'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import type { UpstreamEvent } from '../../src/mcp/upstreams/ports.ts'
import { thisHost } from '../../src/mcp/upstreams/process-this-host.ts'
import { createSpawn } from '../../src/mcp/upstreams/spawn-upstream.ts'
import { createUpstreams, type Upstreams } from '../../src/mcp/upstreams/upstreams.ts'
import { serverCatalog } from '../../src/server-catalog.ts'
import { OFFLINE_NOTES } from '../../src/tools/offline-notes.ts'
import { connectClient, type AnyClient } from './clients.ts'
import {
  DISCOVERED,
  httpTransport,
  INITIALIZED,
  say,
  upstreamOptions,
  type Changed,
  type Got,
} from './dialed.ts'
import { policyOf, startServer, type TestServer } from './server.ts'
import { serverWith, upstreamIn } from './upstreams.ts'

/** What a hostile server over HTTP does. */
export interface Attack extends Changed {
  /** Names of its tools, or whatever it lists as such. */
  readonly tools?: readonly unknown[]
  readonly capabilities?: Readonly<Record<string, unknown>>
  readonly connection?: UpstreamOptions['connection']
  readonly prefix?: boolean
  /** False where it answers as others do. */
  readonly answer?: (got: Got, response: ServerResponse, request: IncomingMessage) => boolean
  /** More of what it says of itself. */
  readonly greeting?: Readonly<Record<string, unknown>>
}

/** What a hostile door is made of beside attacks. */
export interface HostileOptions {
  /** Upstreams that are none over HTTP. */
  readonly others?: readonly UpstreamOptions[]
  readonly pins?: ReadonlyMap<string, readonly Definition[]>
}

/** A whole server with one good upstream, and others that are hostile: each attack once in each era, `x-old` and `x-new`. */
export interface HostileDoor {
  readonly server: TestServer
  readonly upstreams: Upstreams
  /** Of the upstreams. */
  readonly events: readonly UpstreamEvent[]
  /** What is on record of the upstreams. */
  readonly audit: readonly AuditEvent[]
  /** What the operator reads, a line each. */
  readonly log: readonly string[]
  readonly clients: readonly AnyClient[]
  /** Calls the tool of both upstreams of an attack by clients of both eras; gives what each is told. */
  calls(attack: string, tool: string, args?: Record<string, unknown>): Promise<readonly string[]>
  /** Sees that the good upstream is called and listed as if it were alone, by clients of both eras. */
  goesOn(): Promise<void>
  /** Takes what is listed for the first time into the policy. */
  judge(): void
  close(): Promise<void>
}

export const ERAS = ['old', 'new'] as const
const ACCESS =
  'version: 1\nrules: []\nroles: { admin: [ "*" ] }\ngrants: [ { service: admin-cli, roles: [ admin ] } ]\n'

/** Opens one; what its upstreams list first is approved, unless pins are given. */
export async function hostileDoor(
  attacks: Readonly<Record<string, Attack>>,
  options: HostileOptions = {},
): Promise<HostileDoor> {
  const http = await hostileServer(attacks)
  try {
    return await opened(attacks, options, http)
  } catch (error) {
    http.close()
    throw error
  }
}

async function opened(
  attacks: Readonly<Record<string, Attack>>,
  { others = [], pins }: HostileOptions,
  http: Awaited<ReturnType<typeof hostileServer>>,
): Promise<HostileDoor> {
  const options = [
    upstreamIn('good', goodServer()),
    ...others,
    ...Object.entries(attacks).flatMap(([name, attack]) =>
      ERAS.map((era) => ({
        ...upstreamOptions(httpTransport(`${http.url}/${name}`), {
          ...attack,
          era: era === 'old' ? '2025-11-25' : '2026-07-28',
        }),
        name: `${name}-${era}`,
        connection: attack.connection ?? 'auto',
        prefix: attack.prefix ?? true,
      })),
    ),
  ]
  const { upstreams, events } = hostileUpstreams(options, pins)
  await upstreams.settled()
  const server = await startServer({ upstreams })
  const [audit, log] = [[] as AuditEvent[], [] as string[]]
  const line = (fields: object, message: string): void =>
    void log.push(`${message} ${JSON.stringify(fields)}`)
  const logs = { info: line, warn: line, error: line }
  const record = async (event: AuditEvent): Promise<void> => void audit.push(event)
  const inform = upstreamEvents({ record }, logs, Date.now)
  for (const event of events) inform(event)
  upstreams.observe(inform)
  const judge = (): void => server.setPolicy(policyOf(ACCESS, upstreams.parts()))
  judge()
  const tls = { ...(await server.authority.client('admin-cli')), ca: server.authority.rootPem }
  const url = `https://localhost:${server.ports.certificates}/mcp`
  const clients = [await connectClient('1.x', url, tls), await connectClient('2.x pinned', url, tls)]
  return {
    server,
    upstreams,
    events,
    audit,
    log,
    clients,
    judge,
    calls: async (attack, tool, args) =>
      Promise.all(
        clients.flatMap((client) =>
          ERAS.map(async (era) => saidBy(client, `${attack}-${era}_${tool}`, args)),
        ),
      ),
    async goesOn() {
      for (const client of clients) await goesOn(client)
    },
    async close() {
      await Promise.all(clients.map(async (client) => client.close()))
      http.close()
      await server.close()
      await upstreams.close()
    },
  }
}

/** What the caller of a tool is told: the text of the result, or of the error. */
export async function saidBy(
  client: AnyClient,
  name: string,
  args: Record<string, unknown> = {},
): Promise<string> {
  try {
    const { content } = await client.callTool({ name, arguments: args })
    const [block] = content as readonly { readonly text?: string }[]
    return block?.text ?? JSON.stringify(content)
  } catch (error) {
    return String(error)
  }
}

function goodServer() {
  return serverWith(
    { say: 'Says good.' },
    () => 'good',
    (server) => {
      const text = { role: 'user' as const, content: { type: 'text' as const, text: 'good' } }
      server.registerPrompt('ask', { description: 'Asks.' }, () => ({ messages: [text] }))
      server.registerResource('page', 'good://page', {}, ({ href }) => ({
        contents: [{ uri: href, text: 'good' }],
      }))
    },
  )
}

async function goesOn(client: AnyClient): Promise<void> {
  const [{ tools }, { prompts }, { resources }] = await Promise.all([
    client.listTools(),
    client.listPrompts(),
    client.listResources(),
  ])
  assert.ok(tools.some(({ name }) => name === 'good_say'))
  assert.ok(prompts.some(({ name }) => name === 'good_ask'))
  assert.ok(resources.some(({ uri }) => uri === 'good+good://page'))
  assert.equal(await saidBy(client, 'good_say'), 'good')
  assert.equal((await client.getPrompt({ name: 'good_ask' })).messages.length, 1)
  assert.equal((await client.readResource({ uri: 'good+good://page' })).contents[0]?.text, 'good')
}

function hostileUpstreams(
  options: readonly UpstreamOptions[],
  given: ReadonlyMap<string, readonly Definition[]> = new Map(),
) {
  const events: UpstreamEvent[] = []
  const pinned = new Map(given)
  const wanted = () => ({ options, pins: { upstreams: pinned }, misfits: [] })
  const own: CatalogParts = serverCatalog(OFFLINE_NOTES, undefined, Date.now)
  const upstreams: Upstreams = createUpstreams(wanted(), {
    connect: createConnect(createSpawn(thisHost({ own: [], language: 'C.UTF-8' }))),
    secrets: { read: async () => ({}) },
    identify: () => ({ headers: {}, meta: {} }),
    told: (event) => void events.push(event),
    now: Date.now,
    own: ownNamesOf(own),
    async pin(name, definitions) {
      pinned.set(name, definitions)
      upstreams.configure(wanted())
      return true
    },
  })
  return { upstreams, events }
}

async function hostileServer(attacks: Readonly<Record<string, Attack>>) {
  const answered = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const attack = attacks[request.url?.slice(1) ?? ''] ?? {}
    const got = await read(request)
    if (attack.answer?.(got, response, request) !== true) properly(attack, got, response, request)
  }
  const server = createServer((request, response) => void answered(request, response))
  server.on('clientError', (_, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function read(request: IncomingMessage): Promise<Got> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Got)
}

/** Answers as a server does that has nothing to hide. */
function properly(
  { tools = [], capabilities = { tools: {} }, greeting = {} }: Attack,
  { id, method }: Got,
  response: ServerResponse,
  request: IncomingMessage,
): void {
  if (request.method !== 'POST' || method === 'subscriptions/listen')
    return void response.writeHead(405).end()
  if (id === undefined || method === undefined) return void response.writeHead(202).end()
  const results: Readonly<Record<string, object>> = {
    'server/discover': { ...DISCOVERED, capabilities, ...greeting },
    initialize: { ...INITIALIZED, capabilities, ...greeting },
    'tools/list': { tools: tools.map((tool) => (typeof tool === 'string' ? toolOf(tool) : tool)) },
    'resources/list': { resources: [] },
    'resources/templates/list': { resourceTemplates: [] },
    'prompts/list': { prompts: [] },
    'tools/call': textResult('nothing happened'),
  }
  say(response, { jsonrpc: '2.0', id, result: results[method] ?? {} })
}

/** The least that a tool is. */
export function toolOf(name: string, more: object = {}): object {
  return { name, inputSchema: { type: 'object' }, ...more }
}

/** A result of a tool that is a text. */
export function textResult(text: string): object {
  return { content: [{ type: 'text', text }] }
}

/** The tool that is called, or an empty text. */
export function calledIn({ method, params }: Got): string {
  return method === 'tools/call' ? String(params?.['name']) : ''
}
