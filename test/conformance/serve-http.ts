import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isInitializeRequest,
  isLegacyRequest,
  localhostAllowedHostnames,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { sendResponse } from '../../src/http/respond.ts'
import type { ConformanceServers } from './conformance-server.ts'

/** An MCP server on plain HTTP: one of those that stand behind the door. */
export interface HttpFixture {
  readonly url: string
  close(): Promise<void>
}

/** Serves both eras on a free port of this machine: 2026-07-28 without sessions, earlier ones with. */
export async function serveHttp(servers: ConformanceServers): Promise<HttpFixture> {
  const answerTo = bothEras(servers)
  const listener = createServer((request, response) => {
    answer(request, response, answerTo).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      }),
  }
}

type AnswerTo = (request: Request, body: unknown) => Promise<Response>

function bothEras(servers: ConformanceServers): AnswerTo {
  const modern = createMcpHandler(() => servers(changed), { legacy: 'reject' })
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  function changed(kind: 'tools' | 'prompts' | 'resources'): void {
    if (kind === 'tools') modern.notify.toolsChanged()
    if (kind === 'prompts') modern.notify.promptsChanged()
  }
  return async (request, body) => {
    const handed = body === undefined ? {} : { parsedBody: body }
    const id = request.headers.get('mcp-session-id')
    if (id === null && request.method === 'POST' && !(await isLegacyRequest(request, body)))
      return modern.fetch(request, handed)
    if (id !== null) return sessions.get(id)?.handleRequest(request, handed) ?? noSession(404)
    if (!isInitializeRequest(body)) return noSession(400)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (opened) => void sessions.set(opened, transport),
      onsessionclosed: (closed) => void sessions.delete(closed),
    })
    await servers().connect(transport)
    return transport.handleRequest(request, handed)
  }
}

function noSession(status: number): Response {
  const error = { code: -32001, message: 'Session not found' }
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status })
}

async function answer(request: IncomingMessage, response: ServerResponse, answerTo: AnswerTo): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const { method = 'GET', headers, url = '/' } = request
  const web = new Request(`http://localhost${url}`, {
    method,
    headers: new Headers(headers as Record<string, string>),
    signal: gone.signal,
  })
  const body: unknown = text === '' ? undefined : JSON.parse(text)
  const foreign = hostHeaderValidationResponse(web, localhostAllowedHostnames())
  await sendResponse(response, foreign ?? (await answerTo(web, body)))
}
