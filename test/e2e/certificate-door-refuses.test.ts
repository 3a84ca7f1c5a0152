import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { ask, modern } from '../support/clients.ts'
import type { ClientVariation } from '../support/certificates.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await startServer()
})
after(async () => server.close())

const list = modern('tools/list')

function refusedWith(reason: RefusalReason, layer: 'tls' | 'http'): Promise<unknown> {
  return server.event('request.refused', (event) => event.reason === reason && event.layer === layer)
}

test('ASVS 12.1.3: no certificate: closed by TLS and recorded, with the address', async () => {
  const { certificates: port } = server.ports
  await assert.rejects(ask({ port, ca: server.authority.rootPem, ...list }))
  const event = await server.event('request.refused', ({ reason }) => reason === 'no_credential')
  assert.equal(event.layer, 'tls')
  assert.equal(event.address, '127.0.0.1')
})

const byTls: [ClientVariation, RefusalReason][] = [
  ['other-ca', 'certificate_untrusted'],
  ['expired', 'certificate_expired'],
  ['not-yet-valid', 'certificate_not_yet_valid'],
  ['server-usage', 'certificate_wrong_usage'],
  // Our issuing CA may not certify it.
  ['other-trust-domain', 'certificate_untrusted'],
]
for (const [variation, reason] of byTls)
  test(`a certificate that is ${variation}: closed by TLS and recorded`, async () => {
    const pair = await server.authority.client('demo', variation)
    await assert.rejects(
      ask({ port: server.ports.certificates, ca: server.authority.rootPem, ...pair, ...list }),
    )
    await refusedWith(reason, 'tls')
  })

const byAdmission: [ClientVariation, RefusalReason][] = [
  ['no-usage', 'certificate_wrong_usage'],
  ['no-uri', 'certificate_no_principal'],
  ['two-uris', 'certificate_no_principal'],
  ['bad-name', 'certificate_no_principal'],
]
for (const [variation, reason] of byAdmission)
  test(`a certificate that TLS lets through but is ${variation}: one 401, closed and recorded`, async () => {
    const pair = await server.authority.client('demo', variation)
    const answer = await ask({
      port: server.ports.certificates,
      ca: server.authority.rootPem,
      ...pair,
      ...list,
    })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.connection, 'close')
    assert.deepEqual(Object.keys(answer.json() as object), ['error', 'message', 'requestId'])
    await refusedWith(reason, 'http')
  })

test('a refused connection is refused whatever it asks for', async () => {
  const pair = await server.authority.client('demo', 'no-uri')
  for (const path of ['/healthz', '/mcp', '/nothing', '/auth/session']) {
    const answer = await ask({
      port: server.ports.certificates,
      ca: server.authority.rootPem,
      ...pair,
      path,
      method: 'GET',
    })
    assert.equal(answer.status, 401, path)
  }
})

test('a certificate that is revoked while its connection is open: 401 on the next request, and the end of it', async () => {
  const pair = await server.authority.client('demo')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const request = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair, ...list, agent }
  assert.equal((await ask(request)).status, 200)
  await server.authority.revoke(pair.cert)
  await server.reloadTrust()
  const answer = await ask(request)
  assert.equal(answer.status, 401)
  assert.equal(answer.headers.connection, 'close')
  await refusedWith('certificate_revoked', 'http')
  agent.destroy()
})

test('readmit destroys the idle connection of a revoked certificate and leaves its neighbour alone', async () => {
  const [revoked, neighbour] = [await server.authority.client('demo'), await server.authority.client('demo')]
  const open = async (pair: { cert: string; key: string }): Promise<TLSSocket> => {
    const ca = server.authority.rootPem
    const socket = connect({
      host: '127.0.0.1',
      port: server.ports.certificates,
      servername: 'localhost',
      ca,
      ...pair,
    })
    // A whole answer proves that the server has the connection, too.
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    return socket
  }
  const sockets = [await open(revoked), await open(neighbour)] as const
  await server.authority.revoke(revoked.cert)
  await server.reloadTrust()
  server.readmit()
  await once(sockets[0], 'close')
  sockets[1].write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [data] = (await once(sockets[1], 'data')) as [Buffer]
  assert.match(data.toString(), /^HTTP\/1.1 200/)
  sockets[1].destroy()
})

test('a second TLS 1.3 connection that resumes the first without its certificate gets nowhere', async () => {
  const pair = await server.authority.client('demo')
  const base = { host: '127.0.0.1', port: server.ports.certificates, servername: 'localhost' }
  const first = connect({ ...base, ca: server.authority.rootPem, ...pair })
  const sessions: Buffer[] = []
  first.on('session', (session: Buffer) => sessions.push(session))
  first.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  first.resume()
  await once(first, 'close')
  const session = sessions[0] ?? first.getSession()
  const second = connect({ ...base, ca: server.authority.rootPem, ...(session ? { session } : {}) })
  let answered = ''
  second.on('data', (chunk: Buffer) => (answered += chunk.toString()))
  second.on('error', () => undefined)
  second.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => second.once('close', resolve))
  assert.equal(answered, '')
})
