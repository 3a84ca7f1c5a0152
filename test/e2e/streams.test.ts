import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect, type TLSSocket } from 'node:tls'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { ask, INITIALIZE, legacy, modern, type Ask } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HOUR = 3_600_000
/** How far the server's clock is ahead. */
let ahead = 0
let server: TestServer
/** The signals of the calls of `hold` that run. */
const held: AbortSignal[] = []
let wake: () => void = () => undefined
before(async () => {
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until its caller leaves.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run(_args, { signal }) {
      held.push(signal)
      wake()
      await once(signal, 'abort')
      return textResult('left')
    },
  })
  server = await startServer({ clock: () => Date.now() + ahead, catalog: { tools: [hold] } })
})
after(async () => server.close())

/** Resolves when a call of `hold` runs. */
async function running(): Promise<AbortSignal> {
  while (held.length === 0)
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  return held.pop() ?? assert.fail()
}

type Credentials = Pick<Ask, 'port' | 'ca' | 'cert' | 'key'> & { headers?: Record<string, string> }

async function byCertificate(name: string): Promise<Credentials & { cert: string; key: string }> {
  const pair = await server.authority.client(name)
  return { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
}

async function bySession(user: string): Promise<Credentials> {
  const { token } = await openSession(server, user)
  const headers = { authorization: `Bearer ${token}` }
  return { port: server.ports.people ?? 0, ca: server.authority.rootPem, headers }
}

function as(credentials: Credentials, message: { headers: Record<string, string>; body?: string }): Ask {
  return { ...credentials, ...message, headers: { ...message.headers, ...credentials.headers } }
}

/** The stream of a 2025-era session, open. */
async function openStream(credentials: Credentials): Promise<IncomingMessage> {
  const opened = await ask(as(credentials, legacy('initialize', INITIALIZE)))
  const session = String(opened.headers['mcp-session-id'])
  const { headers, ...tls } = as(credentials, {
    headers: { accept: 'text/event-stream', 'mcp-session-id': session },
  })
  const request = httpsRequest({
    ...tls,
    host: '127.0.0.1',
    servername: 'localhost',
    path: '/mcp',
    agent: false,
    headers,
  })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  request.end()
  const [response] = await answered
  assert.equal(response.statusCode, 200)
  return response
}

/** Resolves when the server has cut a stream. */
const cut = async (stream: IncomingMessage) => assert.rejects(stream.toArray(), { code: 'ECONNRESET' })

test('a stream ends within 30 s when its session was ended before its time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const streams = [
    await openStream(await bySession('alice')),
    await openStream(await bySession('bob')),
  ] as const
  await server.store.sessions.endAll('alice')
  t.mock.timers.tick(30_000)
  await cut(streams[0])
  assert.equal(streams[1].destroyed, false)
  streams[1].destroy()
})

test('a stream ends with the certificate that opened it when the connections are judged anew', async () => {
  const [revoked, neighbour] = [await byCertificate('demo'), await byCertificate('demo')]
  const streams = [await openStream(revoked), await openStream(neighbour)] as const
  await server.authority.revoke(revoked.cert)
  await server.reloadTrust()
  server.readmit()
  await cut(streams[0])
  assert.equal(streams[1].destroyed, false)
  streams[1].destroy()
})

type Message = ReturnType<typeof modern>

/** A request as it goes over the wire, so that a test can break it off wherever it likes. */
function wire({ headers, body }: Message): string {
  const lines = Object.entries({ host: 'localhost', ...headers, 'content-length': Buffer.byteLength(body) })
  return `POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

async function connected({
  port,
  ca,
  cert,
  key,
}: Credentials & { cert: string; key: string }): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, cert, key })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

test('calls learn that their client went away, in either era, also the second on one connection', async () => {
  const admin = await byCertificate('admin-cli')
  const opened = await ask(as(admin, legacy('initialize', INITIALIZE)))
  const session = String(opened.headers['mcp-session-id'])
  const call = { name: 'hold' }
  for (const message of [modern('tools/call', call), legacy('tools/call', call, session)]) {
    const socket = await connected(admin)
    const signals: AbortSignal[] = []
    for (let request = 0; request < 2; request++) {
      socket.write(wire(message))
      signals.push(await running())
    }
    socket.destroy()
    await Promise.all(signals.map(async (signal) => signal.aborted || once(signal, 'abort')))
  }
})

test('a call ends with the certificate that made it when the connections are judged anew', async () => {
  const admin = await byCertificate('admin-cli')
  const socket = await connected(admin)
  socket.write(wire(modern('tools/call', { name: 'hold' })))
  const signal = await running()
  await server.authority.revoke(admin.cert)
  await server.reloadTrust()
  server.readmit()
  if (!signal.aborted) await once(signal, 'abort')
})

test('a client that goes away in the middle of its body is no problem of ours', async () => {
  const admin = await byCertificate('admin-cli')
  const list = modern('tools/list')
  const socket = await connected(admin)
  const whole = wire({ ...list, headers: { ...list.headers, expect: '100-continue' } })
  socket.write(whole.slice(0, -10))
  // The server says so when it has begun with the request.
  const [data] = (await once(socket, 'data')) as [Buffer]
  assert.match(data.toString(), /^HTTP\/1.1 100 /)
  socket.destroy()
  assert.equal((await ask(as(admin, list))).status, 200)
  assert.deepEqual(server.problems, [])
})

/** The status of an answer, once the server has read the live revocation list after its clock was set. */
async function judged(request: Ask): Promise<number> {
  const { status } = await ask(request)
  return status === 503 ? judged(request) : status
}

// The last one: the server's clock does not go back.
test('a stream ends when its session ends, at that very moment', async (t) => {
  const alice = await bySession('alice')
  const list = as(alice, modern('tools/list'))
  // Every use keeps the session from falling asleep before its absolute end, an hour after it began.
  for (ahead of [HOUR / 3, (2 * HOUR) / 3, HOUR - 10_000]) assert.equal(await judged(list), 200)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = await openStream(alice)
  ahead = HOUR
  t.mock.timers.tick(10_000)
  await cut(stream)
  assert.equal(await judged(list), 401)
})
