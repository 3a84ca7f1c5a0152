import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import type { TestContext } from 'node:test'
import type { ListKind } from '../../src/mcp/catalog-source.ts'
import { createConnect } from '../../src/mcp/upstreams/connect.ts'
import type {
  Connected,
  Dial,
  UpstreamConnection,
  UpstreamRequest,
} from '../../src/mcp/upstreams/connection.ts'
import type { UpstreamLimits, UpstreamOptions, UpstreamTransport } from '../../src/mcp/upstreams/options.ts'
import type { SpawnUpstream } from '../../src/mcp/upstreams/process-host.ts'
import type { SpawnedProcess } from '../../src/mcp/upstreams/spawned-process.ts'

/** What a test changes of {@link upstreamOptions}. */
export interface Changed extends Partial<Pick<UpstreamOptions, 'era' | 'asks'>> {
  readonly bytes?: number
  readonly limits?: Partial<UpstreamLimits>
}

/** An upstream as one configures it, with limits that a test can wait for. */
export function upstreamOptions(transport: UpstreamTransport, changed: Changed = {}): UpstreamOptions {
  const { era = 'auto', asks = [], bytes = 1_000_000, limits } = changed
  return {
    name: 'wiki',
    prefix: true,
    transport,
    era,
    connection: 'auto',
    asks,
    permissions: [],
    allow: [],
    deny: [],
    overrides: {},
    identity: 'none',
    limits: {
      timeout: 10_000,
      connectTimeout: 5_000,
      idle: 60_000,
      connections: 4,
      inFlight: 64,
      definitions: 1000,
      notificationsPerSecond: 20,
      ...limits,
    },
    results: { bytes, secrets: 'pass', hiddenText: 'pass' },
  }
}

/** An upstream at a URL. */
export function httpTransport(
  url: string | URL,
  more: Partial<Omit<Extract<UpstreamTransport, { kind: 'http' }>, 'kind' | 'url'>> = {},
): UpstreamTransport {
  return { kind: 'http', url: new URL(url), headers: {}, tls: { pins: [] }, ...more }
}

/** An upstream of stdio; of what is started, {@link streamed} decides. */
export const STDIO: UpstreamTransport = {
  kind: 'stdio',
  command: '/bin/false',
  args: [],
  env: {},
  home: '/nonexistent',
  isolation: { kind: 'trusted' },
  memory: 1,
}

/** A connection, and what it told beside answers. */
export interface Dialed {
  readonly connection: UpstreamConnection
  readonly lines: readonly string[]
  readonly changed: readonly ListKind[]
}

/** What a test gives beside the options. */
export interface Dialing extends Partial<Dial> {
  readonly spawn?: SpawnUpstream
}

const noProcess: SpawnUpstream = async () => assert.fail('no process is to be started')

/** Connects, however that ends. */
export async function dial(
  options: UpstreamOptions,
  { spawn = noProcess, ...dialing }: Dialing = {},
): Promise<{
  readonly connected: Connected
  readonly lines: string[]
  readonly changed: ListKind[]
}> {
  const lines: string[] = []
  const changed: ListKind[] = []
  const connected = await createConnect(spawn)(
    options,
    { secrets: {}, clientCapabilities: {}, signal: new AbortController().signal, ...dialing },
    { onListChanged: (kind) => changed.push(kind), onLine: (line) => lines.push(line) },
  )
  return { connected, lines, changed }
}

/** Connects, and closes when the test ends. */
export async function dialed(t: TestContext, options: UpstreamOptions, dialing?: Dialing): Promise<Dialed> {
  const { connected, ...told } = await dial(options, dialing)
  assert.ok(connected.kind === 'connected', JSON.stringify(connected))
  const { connection } = connected
  t.after(async () => connection.close())
  return { connection, ...told }
}

/** A call of a tool, unless something else is wanted. */
export function callOf(name: string, changed: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'tools/call',
    params: { name, arguments: {} },
    signal: new AbortController().signal,
    timeout: 5_000,
    repeatable: false,
    ...changed,
  }
}

/** A message as a server gets it. */
export interface Got {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

/** A server that does as the test says with each request of HTTP. */
export async function rawServer(
  t: TestContext,
  answer: (got: Got, response: ServerResponse, request: IncomingMessage) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    void read(request).then((got) => answer(got, response, request))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

async function read(request: IncomingMessage): Promise<Got> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Got)
}

/** Answers as JSON. */
export function say(response: ServerResponse, message: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(message))
}

/** Begins a stream of events. */
export function stream(response: ServerResponse): (message: object) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  return (message) => void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
}

/** What a 2026-07-28 server says to `server/discover`. */
export const DISCOVERED: Readonly<Record<string, unknown>> = {
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  resultType: 'complete',
  ttlMs: 0,
  cacheScope: 'private',
}

/** What a 2025-11-25 server says to `initialize`. */
export const INITIALIZED: Readonly<Record<string, unknown>> = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'raw', version: '1' },
}

/** A 2026-07-28 server that answers each call as the test says. */
export async function modernServer(
  t: TestContext,
  answer: (got: Got, response: ServerResponse, request: IncomingMessage) => void,
): Promise<string> {
  return rawServer(t, (got, response, request) => {
    if (got.method === 'server/discover') say(response, { jsonrpc: '2.0', id: got.id, result: DISCOVERED })
    else answer(got, response, request)
  })
}

/** A process that is none: what is written to it, what it says, and its end. */
export interface Streamed {
  readonly spawn: SpawnUpstream
  readonly input: PassThrough
  readonly output: PassThrough
  /** How often it was started. */
  readonly starts: () => number
}

/** Streams in the place of a process. */
export function streamed(): Streamed {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const ended = Promise.withResolvers<string>()
  let starts = 0
  const process: SpawnedProcess = {
    stdin: input,
    stdout: output,
    closed: ended.promise,
    async close() {
      input.destroy()
      output.destroy()
      ended.resolve('it was closed')
    },
  }
  return {
    spawn: async () => {
      starts++
      return process
    },
    input,
    output,
    starts: () => starts,
  }
}
