import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { wordsOf, type EdgeRefusal } from './refusal.ts'

/** How much of a body that nobody wants is still read before the connection is cut, so that the answer arrives. */
const DRAIN_LIMIT = 1024 * 1024
const DRAIN_TIME = 2_000

/** Sent with every answer of the edge. */
const EDGE_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** Answers with the words for `reason` as JSON (`error`, `message`, `requestId`). Does not log and does not audit. */
export function refuse(response: ServerResponse, reason: EdgeRefusal, requestId: string): void {
  const { status, error, message, headers } = wordsOf(reason)
  sendJson(response, status, { error, message, requestId }, headers)
}

/** Answers with a JSON body. A request whose body was not read to its end costs the connection. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendText(response, status, { type: 'application/json', text: JSON.stringify(body) }, headers)
}

/** Answers with a text, or its bytes, as {@link sendJson} does with JSON. */
export function sendText(
  response: ServerResponse,
  status: number,
  { type, text }: { readonly type: string; readonly text: string | Buffer },
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (!response.req.complete && hasBody(response.req)) cutAfter(response)
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...EDGE_HEADERS,
    ...headers,
  })
  response.end(text)
}

/**
 * Sends a web `Response`, streaming its body; cancels the body when the client goes away. What the edge says of caching
 * stands, and the connection is the edge's own business.
 */
export async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  if (response.destroyed) return answer.body?.cancel()
  const { connection: _, ...headers } = Object.fromEntries(answer.headers)
  response.writeHead(answer.status, { ...headers, ...EDGE_HEADERS })
  if (answer.body === null) {
    response.end()
    return
  }
  response.flushHeaders()
  const body: ReadableStream = answer.body
  await pipeline(Readable.fromWeb(body), response)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Closes the connection behind this answer, reading on a little so that a client still sending gets to read it. */
function cutAfter(response: ServerResponse): void {
  const { req: request } = response
  response.setHeader('connection', 'close')
  let drained = 0
  const timer = setTimeout(() => request.destroy(), DRAIN_TIME)
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length
    if (drained > DRAIN_LIMIT) request.destroy()
  })
  request.on('close', () => clearTimeout(timer))
  request.resume()
}
