import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { test, type TestContext } from 'node:test'
import { slotOfToken } from '../../src/auth/session-token.ts'
import { modern } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'

const NOTHING = policyOf('version: 1\nrules: []\nroles: {}\ngrants: []\n')
const { headers, body } = modern('tools/call', { name: 'notes_write', arguments: { id: 'late', text: 'x' } })

async function started(t: TestContext, clock?: () => number): Promise<TestServer> {
  const server = await startServer(clock === undefined ? {} : { clock })
  t.after(async () => server.close())
  return server
}

/** Sends the head and the beginning of the body, and waits until the server has asked who it is. */
async function begin(
  server: TestServer,
  port: number,
  more: Record<string, string>,
  tls: object,
): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: server.authority.rootPem,
    ...tls,
  })
  const head = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `POST /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nexpect: 100-continue\r\n${head.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n`,
  )
  // 100 Continue: the request has begun.
  await once(socket, 'data')
  socket.write(body.slice(0, 5))
  return socket
}

async function finish(socket: TLSSocket): Promise<string> {
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  const closed = once(socket, 'close')
  socket.write(body.slice(5))
  await closed
  return answer
}

test('a right that is taken away while a body is on its way is gone', async (t) => {
  const server = await started(t)
  const pair = await server.authority.client('admin-cli')
  const socket = await begin(server, server.ports.certificates, {}, pair)
  server.setPolicy(NOTHING)
  assert.match(await finish(socket), /Unknown tool/)
  const event = await server.event('tool.decided')
  assert.equal(event.decision, 'deny')
  assert.equal(await server.store.notes.read('late'), undefined)
})

test('a session that ends while a slow body is on its way is nobody', async (t) => {
  let late = 0
  const server = await started(t, () => Date.now() + late)
  const { token, digest } = await openSession(server, 'alice')
  const socket = await begin(server, server.ports.people ?? 0, { authorization: `Bearer ${token}` }, {})
  await server.store.sessions.end(digest, slotOfToken(token) ?? '')
  late = 1_500
  assert.match(await finish(socket), /^HTTP\/1.1 401/)
  assert.equal(await server.store.notes.read('late'), undefined)
})

test('a slow body of a session that lives is served', async (t) => {
  let late = 0
  const server = await started(t, () => Date.now() + late)
  const { token } = await openSession(server, 'alice')
  const socket = await begin(server, server.ports.people ?? 0, { authorization: `Bearer ${token}` }, {})
  late = 1_500
  assert.match(await finish(socket), /^HTTP\/1.1 200/)
})
