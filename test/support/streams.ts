import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { TestPair } from './certificates.ts'
import { ask, INITIALIZE, legacy } from './clients.ts'

/** Whom to call, and as whom. */
export interface StreamTarget extends Partial<TestPair> {
  readonly port: number
  readonly ca: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The streams of 2025-era sessions, open: each in a session and on a TLS connection of its own. */
export async function openStreams(target: StreamTarget, count: number): Promise<IncomingMessage[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    return await Promise.all(Array.from({ length: count }, async () => openStream(target, agent)))
  } finally {
    agent.destroy()
  }
}

async function openStream(target: StreamTarget, agent: Agent): Promise<IncomingMessage> {
  const { headers = {}, ...tls } = target
  const initialize = legacy('initialize', INITIALIZE)
  const opened = await ask({ ...tls, agent, ...initialize, headers: { ...initialize.headers, ...headers } })
  assert.equal(opened.status, 200, opened.body)
  const request = httpsRequest({
    ...tls,
    host: '127.0.0.1',
    servername: 'localhost',
    path: '/mcp',
    agent: false,
    headers: {
      ...headers,
      accept: 'text/event-stream',
      'mcp-session-id': String(opened.headers['mcp-session-id']),
    },
  })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  request.end()
  const [response] = await answered
  assert.equal(response.statusCode, 200)
  // Nothing comes until it is cut, and then that is no error of the test's.
  response.on('error', () => undefined).resume()
  return response
}

/** When the connection of a stream closed, by `performance.now()`. */
export async function closedAt(stream: IncomingMessage): Promise<number> {
  if (!stream.socket.destroyed) await new Promise((resolve) => stream.socket.once('close', resolve))
  return performance.now()
}
