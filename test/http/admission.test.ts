import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, createServer, type TLSSocket, type Server } from 'node:tls'
import type { Trust } from '../../src/auth/certificate.ts'
import { admission } from '../../src/http/admission.ts'
import { testAuthority, type TestAuthority, type TestPair } from '../support/certificates.ts'

const NOW = Date.now()
const MINUTE = 60_000
let directory: string
let authority: TestAuthority
let server: Server
let fresh: Trust
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  authority = await testAuthority(directory)
  fresh = await authority.trust({ nextUpdate: NOW + MINUTE })
  const { cert, key } = authority.server
  const ca = [authority.rootPem, authority.issuingPem]
  server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(async () => {
  server.close()
  await rm(directory, { recursive: true })
})

/** The server's side of a real connection, by a client with this certificate. */
async function connection(pair?: TestPair): Promise<TLSSocket> {
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.rootPem, ...pair })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket]
  socket.on('error', () => undefined)
  socket.once('close', () => client.destroy())
  return socket
}

test('the peer of a connection is admitted once for each epoch of trust', async () => {
  let trust = fresh
  let asked = 0
  const admit = admission(() => {
    asked += 1
    return trust
  })
  const socket = await connection(await authority.client('demo'))
  const first = admit(socket, NOW)
  assert.ok(first.kind === 'identified' && first.identity.principal.id === 'service:demo')
  assert.equal(admit(socket, NOW + 1), first)
  trust = { ...fresh }
  const anew = admit(socket, NOW + 2)
  assert.notEqual(anew, first)
  assert.deepEqual(anew, { ...first, identity: { ...first.identity, authenticatedAt: NOW + 2 } })
  assert.equal(asked, 3)
  socket.destroy()
})

test('trust that is withdrawn is withdrawn from open connections', async () => {
  let trust = fresh
  const admit = admission(() => trust)
  const socket = await connection(await authority.client('demo'))
  assert.equal(admit(socket, NOW).kind, 'identified')
  trust = { ...fresh, issuers: [] }
  assert.deepEqual(admit(socket, NOW), { kind: 'refused', reason: 'certificate_untrusted' })
  socket.destroy()
})

test('an admission lasts as long as the revocation list, and not a moment longer', async () => {
  const admit = admission(() => fresh)
  const socket = await connection(await authority.client('demo'))
  assert.equal(admit(socket, NOW).kind, 'identified')
  assert.equal(admit(socket, NOW + MINUTE - 1).kind, 'identified')
  assert.deepEqual(admit(socket, NOW + MINUTE), { kind: 'refused', reason: 'crl_stale' })
  socket.destroy()
})

test('a certificate that is not valid yet is judged anew when it is', async () => {
  const admit = admission(() => fresh)
  const socket = await connection(await authority.client('demo'))
  const { validFromDate } = socket.getPeerX509Certificate() ?? assert.fail()
  const begin = validFromDate.getTime()
  assert.deepEqual(admit(socket, begin - 1), { kind: 'refused', reason: 'certificate_not_yet_valid' })
  assert.equal(admit(socket, begin).kind, 'identified')
  socket.destroy()
})

test('no certificate is absent, one of another CA refused, each for its own connection', async () => {
  const admit = admission(() => fresh)
  const sockets = [await connection(), await connection(await authority.client('demo', 'other-ca'))] as const
  assert.deepEqual(admit(sockets[0], NOW), { kind: 'absent' })
  assert.deepEqual(admit(sockets[1], NOW), { kind: 'refused', reason: 'certificate_untrusted' })
  for (const socket of sockets) socket.destroy()
})

test('what is no TLS socket is refused, whatever it says of itself', () => {
  const admit = admission(() => fresh)
  const forged = { authorized: true, getPeerX509Certificate: () => new X509Certificate(authority.issuingPem) }
  for (const socket of [undefined, null, 'socket', new Socket(), forged])
    assert.deepEqual(admit(socket, NOW), { kind: 'refused', reason: 'certificate_untrusted' })
})
