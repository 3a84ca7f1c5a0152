import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  isInitializeRequest,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
  type EventStore,
  type JSONRPCMessage,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { sendResponse } from '../../src/http/respond.ts'
import type { BackendEvent, BackendOrder, BackendSettings } from './backend.ts'

/** The process of `startBackend`: a server of the SDK, both eras, behind TLS with client certificates. */
const settings = JSON.parse(process.argv[2] ?? '{}') as BackendSettings
const tell = (event: BackendEvent): void => void process.send?.(event)
const released = new EventTarget()
let extraTool = false

function serverOf(): McpServer {
  const server = new McpServer(
    { name: 'backend', version: '1' },
    { capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } } },
  )
  const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })
  server.registerTool(
    'steps',
    { description: 'Three steps.', inputSchema: z.object({}) },
    async (_args, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken
      if (progressToken !== undefined)
        for (const progress of [1, 2, 3])
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: 3 },
          })
      // The SDKs forget who listens as soon as they see the result, also for what came before it.
      await once(released, 'release')
      return text('done')
    },
  )
  server.registerTool(
    'hold',
    { description: 'Runs until it is told.', inputSchema: z.object({}) },
    async (_args, ctx) => {
      tell({ event: 'running' })
      const { signal } = ctx.mcpReq
      await Promise.race([once(released, 'release', { signal }), once(signal, 'abort')]).catch(
        () => undefined,
      )
      if (signal.aborted) tell({ event: 'aborted' })
      return text('released')
    },
  )
  server.registerTool(
    'ask',
    { description: 'Asks for a name.', inputSchema: z.object({}) },
    async (_args, ctx) => {
      const answer = acceptedContent<{ name: string }>(ctx.mcpReq.inputResponses, 'name')
      if (answer !== undefined) return text(`hello ${answer.name}`)
      const requestedSchema = {
        type: 'object' as const,
        properties: { name: { type: 'string' as const } },
        required: ['name'],
      }
      return inputRequired({
        inputRequests: { name: inputRequired.elicit({ message: 'Who are you?', requestedSchema }) },
      })
    },
  )
  server.registerTool(
    'big',
    { description: 'Says a lot.', inputSchema: z.object({ bytes: z.number() }) },
    async ({ bytes }) => text('x'.repeat(bytes)),
  )
  server.registerTool(
    'interrupt',
    { description: 'Closes its stream, then says the rest.', inputSchema: z.object({}) },
    async (_args, ctx) => {
      ctx.http?.closeSSE?.()
      tell({ event: 'running' })
      await once(released, 'release')
      return text('the rest')
    },
  )
  const region = z.string().meta({ 'x-mcp-header': 'Region' })
  server.registerTool(
    'region',
    { description: 'Says where.', inputSchema: z.object({ region }) },
    async (args) => text(`in ${args.region}`),
  )
  if (extraTool)
    server.registerTool('extra', { description: 'New.', inputSchema: z.object({}) }, async () => text('new'))
  return server
}

/** Keeps what was said on a stream, so that it can be resumed (MCP 2025-11-25). */
function eventStore(): EventStore {
  const events: { streamId: string; message: JSONRPCMessage }[] = []
  return {
    async storeEvent(streamId, message) {
      events.push({ streamId, message })
      return String(events.length - 1)
    },
    async getStreamIdForEventId(id) {
      return events[Number(id)]?.streamId
    },
    async replayEventsAfter(last, { send }) {
      const streamId = events[Number(last)]?.streamId ?? ''
      for (const [id, event] of events.entries())
        if (id > Number(last) && event.streamId === streamId) await send(String(id), event.message)
      return streamId
    },
  }
}

const modern = createMcpHandler(() => serverOf(), { legacy: 'reject' })
const sessions = new Map<string, { transport: WebStandardStreamableHTTPServerTransport; server: McpServer }>()

async function answerTo(request: Request, body: unknown): Promise<Response> {
  const parsed = body === undefined ? {} : { parsedBody: body }
  const id = request.headers.get('mcp-session-id')
  if (request.method === 'POST' && id === null && !(await isLegacyRequest(request, body)))
    return modern.fetch(request, parsed)
  if (id !== null) {
    const known = sessions.get(id)
    if (known !== undefined) return known.transport.handleRequest(request, parsed)
    const error = { code: -32001, message: 'Session not found' }
    return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 })
  }
  if (!isInitializeRequest(body)) return modern.fetch(request, parsed)
  const server = serverOf()
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    ...(settings.resumable === true ? { eventStore: eventStore(), retryInterval: 100 } : {}),
    onsessioninitialized: (opened) => {
      sessions.set(opened, { transport, server })
      tell({ event: 'session' })
    },
    onsessionclosed: (closed) => {
      sessions.delete(closed)
      tell({ event: 'session_over' })
    },
  })
  await server.connect(transport)
  return transport.handleRequest(request, parsed)
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const { method = 'GET', headers } = request
  tell({ event: 'request', method, headers, ...(text === '' ? {} : { body: text.slice(0, 2000) }) })
  const gone = new AbortController()
  response.once('close', () => {
    gone.abort()
    if (headers['mcp-method'] === 'subscriptions/listen') tell({ event: 'stream_over' })
  })
  const web = new Request(`https://localhost${request.url ?? '/mcp'}`, {
    method,
    headers: new Headers(headers as Record<string, string>),
    signal: gone.signal,
  })
  const answer = await answerTo(web, text === '' ? undefined : JSON.parse(text))
  if (method === 'GET' && answer.status === 200) tell({ event: 'stream' })
  await sendResponse(response, answer)
}

const listener: Server = createServer(
  {
    cert: settings.cert,
    key: settings.key,
    ca: [...settings.authorities],
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  },
  (request, response) => {
    serve(request, response).catch(() => response.destroy())
  },
)
listener.listen(settings.port, '127.0.0.1', () => {
  tell({ event: 'listening', port: (listener.address() as AddressInfo).port })
})

process.on('message', (order: BackendOrder) => {
  if (order === 'release') released.dispatchEvent(new Event('release'))
  if (order !== 'change') return
  extraTool = true
  modern.notify.toolsChanged()
  for (const { server } of sessions.values()) server.sendToolListChanged()
})
process.on('disconnect', () => process.exit())
