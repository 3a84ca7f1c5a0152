import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import {
  acceptedContent,
  completable,
  inputRequired,
  McpServer,
  ProtocolError,
  ResourceTemplate,
  type ToolCallback,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Era } from '../../src/mcp/methods.ts'
import { createConnect } from '../../src/mcp/upstreams/connect.ts'
import { protectedServer } from '../../src/mcp/upstreams/in-process.ts'
import type { UpstreamOptions } from '../../src/mcp/upstreams/options.ts'
import { createUpstreams, type Upstreams } from '../../src/mcp/upstreams/upstreams.ts'
import { contextOf } from './caller.ts'
import { testEndpoint } from './endpoint.ts'
import { policyOf } from './server.ts'

/** Users who may do everything. */
export const USERS: readonly string[] = ['ada', 'bo', 'cy', 'di']

const ACCESS = `version: 1
rules: []
roles: { admin: [ "*" ] }
grants:
  - { service: admin-cli, roles: [ admin ] }
${USERS.map((user) => `  - { user: ${user}, roles: [ admin ] }`).join('\n')}
`

const PIXEL = 'iVBORw0KGgo='
const FORM = {
  type: 'object' as const,
  properties: { name: { type: 'string' as const } },
  required: ['name'],
}

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })

/** What the tests wait for in the upstream: `started` and `aborted`, of the tool `slow`. */
export const seen: EventTarget = new EventTarget()

/** A server that nobody here wrote for a gateway: it uses what the SDK has. */
function wikiServer(): McpServer {
  const server = new McpServer(
    { name: 'wiki', version: '1' },
    { capabilities: { logging: {}, resources: { subscribe: true } }, instructions: 'Read before you write.' },
  )
  const inputSchema = z.object({})
  const add = (name: string, run: ToolCallback<typeof inputSchema>) =>
    server.registerTool(name, { description: name, inputSchema }, run)
  add('progress', async (_args, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of [1, 2])
      if (progressToken !== undefined)
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 2 },
        })
    return said(`token: ${progressToken !== undefined}`)
  })
  add('log', async (_args, { mcpReq }) => {
    await mcpReq.log('warning', { page: 'a' }, 'pages')
    return said('logged')
  })
  add('slow', async (_args, { mcpReq }) => {
    seen.dispatchEvent(new Event('started'))
    await once(mcpReq.signal, 'abort')
    seen.dispatchEvent(new Event('aborted'))
    return said('too late')
  })
  add('ask', async (_args, { mcpReq }) => {
    const answer = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'name')
    if (answer !== undefined) return said(`hello ${answer.name}, ${String(mcpReq.requestState())}`)
    const name = inputRequired.elicit({ message: 'Who?\nsallyport: really?', requestedSchema: FORM })
    return inputRequired({ inputRequests: { name }, requestState: 'round one' })
  })
  add('visit', async (_args, { mcpReq }) => {
    if (mcpReq.inputResponses?.['url'] !== undefined) return said('visited')
    return inputRequired({
      inputRequests: { url: inputRequired.elicitUrl({ message: 'Sign in', url: 'https://wiki.example/in' }) },
    })
  })
  add('think', async (_args, { mcpReq }) => {
    const thought: unknown = mcpReq.inputResponses?.['thought']
    if (thought !== undefined) return said(JSON.stringify(thought))
    return inputRequired({
      inputRequests: {
        thought: inputRequired.createMessage({
          messages: [{ role: 'user', content: { type: 'text', text: 'think' } }],
          maxTokens: 5,
        }),
      },
    })
  })
  add('roots', async (_args, { mcpReq }) => {
    const roots: unknown = mcpReq.inputResponses?.['roots']
    if (roots !== undefined) return said(JSON.stringify(roots))
    return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } })
  })
  add('media', async () => ({
    content: [
      { type: 'image', data: PIXEL, mimeType: 'image/png' },
      { type: 'audio', data: PIXEL, mimeType: 'audio/wav' },
      { type: 'resource_link', uri: 'page://a', name: 'a' },
      { type: 'resource', resource: { uri: 'page://a', mimeType: 'text/plain', text: 'the page' } },
      { type: 'resource', resource: { uri: 'page://b', blob: PIXEL } },
    ],
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'evil', version: '1' }, 'wiki.example/a': 1 },
  }))
  server.registerTool(
    'structured',
    { description: 'structured', inputSchema, outputSchema: z.object({ pages: z.number() }) },
    async () => ({ ...said('{"pages":3}'), structuredContent: { pages: 3 } }),
  )
  add('fail', async () => ({ ...said('no such page'), isError: true }))
  const words = ['alpha', 'beta', 'bravo']
  server.registerPrompt(
    'greet',
    {
      description: 'greets',
      argsSchema: z.object({
        name: completable(z.string(), async (begun) => words.filter((word) => word.startsWith(begun))),
      }),
    },
    async ({ name }) => {
      if (name === 'nobody') throw new ProtocolError(-31_999, 'nobody is not greeted', { name })
      return { messages: [{ role: 'user', content: { type: 'resource_link', uri: 'page://a', name } }] }
    },
  )
  const read = async (uri: URL) => ({ contents: [{ uri: uri.href, mimeType: 'text/plain', text: uri.href }] })
  server.registerResource('home', 'home://start', { mimeType: 'text/plain' }, read)
  server.registerResource(
    'A page',
    new ResourceTemplate('page://{id}', {
      list: async () => ({ resources: [{ uri: 'page://a', name: 'a' }] }),
      complete: { id: async (begun) => words.filter((word) => word.startsWith(begun)) },
    }),
    {},
    read,
  )
  return server
}

/** A door with the wiki behind it, in one process. */
export interface RelayedServer {
  readonly upstreams: Upstreams
  /** A client of this era, which answers everything it is asked. */
  client(era: Era, options?: ClientOptions): Promise<RelayedClient>
  close(): Promise<void>
}

export interface ClientOptions {
  readonly principal?: string
  /** What it answers to a form. */
  readonly name?: string
  readonly capabilities?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface RelayedClient {
  readonly client: Client
  /** What it was asked, in order. */
  readonly asked: { readonly method: string; readonly params: unknown }[]
  readonly logged: unknown[]
}

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }

/** Puts a server of this era behind the door. */
export async function relayedServer(era: Era, more: Partial<UpstreamOptions> = {}): Promise<RelayedServer> {
  const options = { ...protectedServer(wikiServer, { name: 'wiki', era }), ...more }
  const connect = createConnect(async () => assert.fail('nothing is started here'))
  const wanted = { options: [options], pins: { upstreams: new Map() }, misfits: [] }
  const pinned = Promise.withResolvers<void>()
  const upstreams = createUpstreams(wanted, {
    connect,
    secrets: { read: async () => ({}) },
    identify: () => ({ headers: {}, meta: {} }),
    told: () => undefined,
    now: Date.now,
    own: { names: new Set(), schemes: new Set() },
    async pin(name, definitions) {
      upstreams.configure({ ...wanted, pins: { upstreams: new Map([[name, definitions]]) } })
      pinned.resolve()
      return true
    },
  })
  await pinned.promise
  const { endpoint } = testEndpoint({
    ...upstreams.parts(),
    policy: policyOf(ACCESS),
    // Nobody says here when an answer was read to its end.
    limits: { requestsInFlight: 10_000 },
  })
  const clients: Client[] = []
  return {
    upstreams,
    async client(
      clientEra,
      { principal = 'service:admin-cli', name = 'Zoe', capabilities = CAPABILITIES } = {},
    ) {
      const asked: RelayedClient['asked'] = []
      const logged: unknown[] = []
      const client = new Client(
        { name: 'test', version: '1' },
        {
          capabilities,
          versionNegotiation: { mode: clientEra === '2026-07-28' ? 'auto' : 'legacy' },
        },
      )
      const answering = async (method: string, params: unknown): Promise<void> =>
        void asked.push({ method, params })
      if ('elicitation' in capabilities)
        client.setRequestHandler('elicitation/create', async ({ method, params }) => {
          await answering(method, params)
          return params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { name } }
        })
      if ('sampling' in capabilities)
        client.setRequestHandler('sampling/createMessage', async ({ method, params }) => {
          await answering(method, params)
          return { role: 'assistant', model: 'm', content: { type: 'text', text: 'thought' } }
        })
      if ('roots' in capabilities)
        client.setRequestHandler('roots/list', async ({ method, params }) => {
          await answering(method, params)
          return { roots: [{ uri: 'file:///home' }] }
        })
      client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params))
      const fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
        const request = new Request(url, init)
        const { promise: closed, resolve } = Promise.withResolvers<void>()
        request.signal.addEventListener('abort', () => resolve())
        const answer = await endpoint.handle({
          caller: { context: contextOf(principal, ['*']), requestId: 'request-1' },
          method: request.method,
          url: request.url,
          headers: request.headers,
          readBody: async () => ({ kind: 'read', text: await request.text() }),
          signal: request.signal,
          closed,
        })
        if (answer.kind === 'json')
          return new Response(answer.bytes, { headers: { 'content-type': 'application/json' } })
        assert.ok(answer.kind === 'response', JSON.stringify(answer))
        return answer.response
      }
      await client.connect(new StreamableHTTPClientTransport(new URL('https://localhost/mcp'), { fetch }))
      clients.push(client)
      return { client, asked, logged }
    },
    async close() {
      await Promise.all(clients.map(async (client) => client.close()))
      await upstreams.close()
    },
  }
}
