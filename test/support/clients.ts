import type { Agent as HttpsAgent } from 'node:https'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import type { SecureContextOptions } from 'node:tls'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { Agent, fetch as undiciFetch } from 'undici'

/** An answer, read whole. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  json(): unknown
}

/** What to send, and with which TLS credentials. */
export interface Ask extends SecureContextOptions {
  readonly port: number
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
  readonly agent?: HttpsAgent
  readonly session?: Buffer
  /** To come from another address of this machine. */
  readonly localAddress?: string
}

/** One HTTPS request on a connection of its own (or of `agent`). Rejects when TLS or the connection fails. */
export async function ask(options: Ask): Promise<Answer> {
  const { port, path = '/mcp', method = 'POST', headers = {}, body, agent, ...tls } = options
  const settings: RequestOptions = {
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path,
    method,
    agent: agent ?? false,
    headers: { host: `localhost:${port}`, ...headers },
    ...tls,
  }
  return new Promise((resolve, reject) => {
    const request = httpsRequest(settings, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          json: () => JSON.parse(text) as unknown,
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Headers and body of a request of MCP 2026-07-28. */
export function modern(
  method: string,
  params: Record<string, unknown> = {},
  id: number | string = 1,
): { headers: Record<string, string>; body: string } {
  const name = params['name'] ?? params['uri']
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  }
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }),
  }
}

/** Headers and body of a request of a 2025-era client. */
export function legacy(
  method: string,
  params: Record<string, unknown> = {},
  session?: string,
  id: number | string = 1,
): { headers: Record<string, string>; body: string } {
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
  }
}

/** The parameters of `initialize` of a 2025-era client. */
export const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
}

/** How a client of the SDKs speaks. */
export type ClientShape = '1.x' | '2.x legacy' | '2.x auto' | '2.x pinned'

/** The four. */
export const CLIENT_SHAPES: readonly ClientShape[] = ['1.x', '2.x legacy', '2.x auto', '2.x pinned']

/** What the shapes have in common, as far as the tests use it. */
export interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(params: {
    name: string
    arguments?: Record<string, unknown>
  }): Promise<{ isError?: boolean; content: unknown; structuredContent?: unknown }>
  listResources(): Promise<{ resources: { uri: string }[] }>
  readResource(params: { uri: string }): Promise<{ contents: { uri: string; text?: unknown }[] }>
  listPrompts(): Promise<{ prompts: { name: string }[] }>
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{ messages: unknown[] }>
  complete(params: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string }
    argument: { name: string; value: string }
  }): Promise<{ completion: { values: string[]; total?: number; hasMore?: boolean } }>
  /** Subscribes to resources in the way of the client's era; returns those that the server grants. */
  watch(uris: readonly string[], told: (uri: string) => void): Promise<readonly string[]>
  close(): Promise<void>
}

/** Connects a real client of one shape. `headers` are sent with every request. */
export async function connectClient(
  shape: ClientShape,
  url: string,
  tls: SecureContextOptions,
  headers: Record<string, string> = {},
): Promise<AnyClient> {
  const dispatcher = new Agent({ connect: { ...tls, servername: 'localhost' } })
  const fetch = async (to: string | URL, init: RequestInit = {}): Promise<Response> => {
    const response = await undiciFetch(to, { ...(init as object), dispatcher })
    return response
  }
  const options = { fetch, requestInit: { headers } }
  if (shape === '1.x') {
    const client = new FirstClient({ name: 'first', version: '1' })
    // The transports of 1.x are not written for exactOptionalPropertyTypes.
    await client.connect(new FirstTransport(new URL(url), options))
    const watch: AnyClient['watch'] = async (uris, told) => {
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => told(params.uri))
      return grantedOf(uris, async (uri) => client.subscribeResource({ uri }))
    }
    return closing(Object.assign(client as unknown as AnyClient, { watch }), dispatcher)
  }
  const mode = { '2.x legacy': 'legacy', '2.x auto': 'auto', '2.x pinned': { pin: '2026-07-28' } } as const
  const client = new Client({ name: 'second', version: '1' }, { versionNegotiation: { mode: mode[shape] } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options))
  const watch: AnyClient['watch'] = async (uris, told) => {
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => told(params.uri))
    if (shape === '2.x legacy') return grantedOf(uris, async (uri) => client.subscribeResource({ uri }))
    const { honoredFilter } = await client.listen({ resourceSubscriptions: [...uris] })
    return honoredFilter.resourceSubscriptions ?? []
  }
  return closing(Object.assign(client as unknown as AnyClient, { watch }), dispatcher)
}

async function grantedOf(
  uris: readonly string[],
  subscribe: (uri: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const granted = await Promise.all(
    uris.map(async (uri) =>
      subscribe(uri).then(
        () => [uri],
        () => [],
      ),
    ),
  )
  return granted.flat()
}

function closing(client: AnyClient, dispatcher: Agent): AnyClient {
  const close = client.close.bind(client)
  client.close = async () => {
    await close()
    await dispatcher.destroy()
  }
  return client
}
