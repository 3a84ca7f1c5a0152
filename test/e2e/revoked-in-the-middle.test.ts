import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { z } from 'zod'
import type { AuditEvent, AuditSink } from '../../src/audit/event.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import type { SallyportOptions } from '../../src/server-options.ts'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { startRedis } from '../support/redis.ts'
import { revokedOf } from '../support/revocations.ts'
import { startServer, type TestOptions, type TestServer } from '../support/server.ts'
import { openSession } from '../support/session.ts'
import { closedAt, openStreams, type StreamTarget } from '../support/streams.ts'
import { headerValue } from '../support/tls-proxy.ts'

async function started(
  t: TestContext,
  options: Partial<SallyportOptions> & TestOptions = {},
): Promise<TestServer> {
  const server = await startServer(options)
  t.after(async () => server.close())
  return server
}

type Target = StreamTarget & TestPair

function targetOf(server: TestServer, pair: TestPair): Target {
  return { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
}

async function revoke({ store, authority }: TestServer, ...pairs: readonly TestPair[]): Promise<void> {
  await store.revocations.revoke(pairs.map(({ cert }) => revokedOf(authority.issuingPem, cert)))
}

async function connected({ port, ca, cert, key }: Target): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, cert, key })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

const closed = async (socket: TLSSocket) => new Promise((resolve) => socket.once('close', resolve))

/** A request as it goes over the wire, so that a test can break it off wherever it likes. */
function wire({ headers, body }: ReturnType<typeof modern>, more: Record<string, string> = {}): string {
  const all = { host: 'localhost', ...headers, ...more, 'content-length': Buffer.byteLength(body) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

test('a revoked certificate is refused with the reason on record, its neighbour is not', async (t) => {
  const server = await started(t)
  const [demo, neighbour] = [await server.authority.client('demo'), await server.authority.client('demo')]
  await revoke(server, demo)
  const answer = await ask({ ...targetOf(server, demo), ...modern('tools/list') })
  assert.equal(answer.status, 401)
  assert.equal((await server.event('request.refused')).reason, 'certificate_revoked')
  assert.equal((await ask({ ...targetOf(server, neighbour), ...modern('tools/list') })).status, 200)
})

test('the serial of another CA revokes nobody here', async (t) => {
  const server = await started(t)
  const demo = await server.authority.client('demo')
  const entry = revokedOf(server.authority.issuingPem, demo.cert)
  await server.store.revocations.revoke([{ ...entry, issuer: 'ab'.repeat(32) }])
  assert.equal((await ask({ ...targetOf(server, demo), ...modern('tools/list') })).status, 200)
})

test('a connection that is idle at that moment is closed, and one that has not asked for anything yet', async (t) => {
  const server = await started(t)
  const target = targetOf(server, await server.authority.client('demo'))
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const silent = await connected(target)
  const socketOf = once(agent, 'free') as Promise<[TLSSocket]>
  // An answer on a later connection: the server has finished the handshake of the first, too.
  assert.equal((await ask({ ...target, agent, ...modern('tools/list') })).status, 200)
  const [idle] = await socketOf
  const both = Promise.all([closed(idle), closed(silent)])
  await revoke(server, target)
  await both
  assert.equal((await ask({ ...target, agent, ...modern('tools/list') })).status, 401)
})

test('a tool that runs is aborted, and one whose body is on its way never runs', async (t) => {
  const running = Promise.withResolvers<AbortSignal>()
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until its caller leaves.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run(_args, { signal }) {
      running.resolve(signal)
      await once(signal, 'abort')
      return textResult('left')
    },
  })
  const server = await started(t, { catalog: { tools: [hold] } })
  const target = targetOf(server, await server.authority.client('admin-cli'))
  const calling = await connected(target)
  calling.write(wire(modern('tools/call', { name: 'hold' })))
  const signal = await running.promise
  const write = modern('tools/call', { name: 'notes_write', arguments: { id: 'late', text: 'x' } })
  const sending = await connected(target)
  const whole = wire(write, { expect: '100-continue' })
  sending.write(whole.slice(0, -10))
  await once(sending, 'data')
  const both = Promise.all([closed(calling), closed(sending)])
  await revoke(server, target)
  await both
  if (!signal.aborted) await once(signal, 'abort')
  sending.write(whole.slice(-10))
  assert.equal(await server.store.notes.read('late'), undefined)
})

test('a tool that was allowed a moment before, and has not begun, does not begin', async (t) => {
  const [asked, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const finished = Promise.withResolvers<AuditEvent>()
  const audit: AuditSink = {
    async record(event) {
      if (event.event === 'tool.finished') finished.resolve(event)
      if (event.event !== 'tool.decided') return
      asked.resolve()
      await written.promise
    },
  }
  const server = await started(t, { audit })
  const target = targetOf(server, await server.authority.client('admin-cli'))
  const socket = await connected(target)
  socket.write(wire(modern('tools/call', { name: 'notes_write', arguments: { id: 'late', text: 'x' } })))
  await asked.promise
  const gone = closed(socket)
  await revoke(server, target)
  await gone
  // The server's side of it has ended, too, when another connection is answered.
  await ask({ ...target, path: '/healthz', method: 'GET' })
  written.resolve()
  assert.match(JSON.stringify(await finished.promise), /"outcome":"exception"/)
  assert.equal(await server.store.notes.read('late'), undefined)
})

test('twenty revocations at once end twenty certificates, and leave the rest', async (t) => {
  const server = await started(t)
  const pairs = await Promise.all(Array.from({ length: 20 }, async () => server.authority.client('demo')))
  const spared = await openStreams(targetOf(server, await server.authority.client('demo')), 3)
  const sockets = await Promise.all(pairs.map(async (pair) => connected(targetOf(server, pair))))
  // An answer proves that the server has finished the handshake, too.
  for (const socket of sockets) {
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await once(socket, 'data')
  }
  const all = Promise.all(sockets.map(closed))
  await Promise.all(pairs.map(async (pair) => revoke(server, pair)))
  await all
  assert.deepEqual(
    spared.map(({ socket }) => socket.destroyed),
    [false, false, false],
  )
  for (const stream of spared) stream.destroy()
})

test('a client behind a proxy loses its streams, and the proxy and its other clients lose nothing', async (t) => {
  const server = await started(t, {
    listeners: {
      certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
      proxied: { host: '127.0.0.1', port: 0, header: 'client-cert', proxies: ['service:edge'] },
    },
  })
  const edge = await server.authority.client('edge')
  const through = ({ cert }: TestPair): StreamTarget => ({
    ...targetOf(server, edge),
    port: server.ports.proxied ?? 0,
    headers: { 'client-cert': headerValue('client-cert', new X509Certificate(cert)) },
  })
  const [demo, neighbour] = [await server.authority.client('demo'), await server.authority.client('demo')]
  const streams = await openStreams(through(demo), 3)
  const [spared] = await openStreams(through(neighbour), 1)
  const all = Promise.all(streams.map(closedAt))
  await revoke(server, demo)
  await all
  assert.equal(spared?.socket.destroyed, false)
  spared?.destroy()
  const [again] = await openStreams(through(neighbour), 1)
  again?.destroy()
  const { headers, ...tls } = through(demo)
  const list = modern('tools/list')
  const answer = await ask({ ...tls, ...list, headers: { ...list.headers, ...headers } })
  assert.equal(answer.status, 401)
  assert.equal((await server.event('request.refused')).reason, 'certificate_revoked')
})

test('a node that cannot read the list any more refuses certificates and ends their streams', async (t) => {
  const server = await started(t, { revocationsFreshFor: 1_200 })
  const target = targetOf(server, await server.authority.client('demo'))
  const [stream] = await openStreams(target, 1)
  assert.ok(stream)
  const began = performance.now()
  // SQLite: a closed store is one that does not answer.
  await server.store.close()
  assert.equal((await ask({ ...target, ...modern('tools/list') })).status, 200)
  const took = (await closedAt(stream)) - began
  t.diagnostic(`the stream ended ${took.toFixed(0)} ms after the store had gone (fresh for 1200 ms)`)
  assert.ok(took < 2_200, `${took} ms`)
  const answer = await ask({ ...target, ...modern('tools/list') })
  assert.equal(answer.status, 503)
  assert.equal((await server.event('request.refused')).reason, 'revocation_stale')
  const ready = await ask({ ...target, path: '/readyz', method: 'GET' })
  assert.equal(ready.status, 503)
})

test('a list that is damaged stops everybody, and readiness', async (t) => {
  const redis = await startRedis()
  t.after(async () => redis.stop())
  const server = await started(t, { storeLocation: redis.url, revocationsFreshFor: 700 })
  const target = targetOf(server, await server.authority.client('demo'))
  const { token } = await openSession(server, 'alice')
  const people = { port: server.ports.people ?? 0, ca: target.ca }
  const readiness = async () => (await ask({ ...people, path: '/readyz', method: 'GET' })).status
  assert.equal(await readiness(), 200)
  const authorization = `Bearer ${token}`
  const streams = [
    ...(await openStreams(target, 1)),
    ...(await openStreams({ ...people, headers: { authorization } }, 1)),
  ]
  const raw = new Redis(redis.url)
  t.after(() => raw.disconnect())
  await raw.zadd('sallyport:{revocations}:by-epoch', 1, 'nonsense')
  await raw.hset('sallyport:{revocations}:state', 'epoch', 1)
  await Promise.all(streams.map(closedAt))
  const list = modern('tools/list')
  assert.equal((await ask({ ...target, ...list })).status, 503)
  assert.equal(await readiness(), 503)
  const headers = { ...list.headers, authorization }
  assert.equal((await ask({ ...people, ...list, headers })).status, 503)
})
