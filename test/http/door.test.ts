import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import type { AuditEvent, RequestRefused } from '../../src/audit/event.ts'
import { createDoor, type Door } from '../../src/http/door.ts'
import { testAuthority, type TestAuthority, type TestPair } from '../support/certificates.ts'

let directory: string
let authority: TestAuthority
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  authority = await testAuthority(directory)
})
after(async () => rm(directory, { recursive: true }))

interface Setting {
  readonly door: Door
  readonly port: number
  readonly problems: unknown[]
  /** The first refusal that is recorded. */
  readonly refusal: Promise<RequestRefused>
  /** The first exception that is reported. */
  readonly reported: Promise<unknown>
  connect(pair?: TestPair): Promise<TLSSocket>
}

async function setting(t: TestContext, failAudit = false, unsafeSessionTickets = false): Promise<Setting> {
  const problems: unknown[] = []
  const [refusal, reported] = [Promise.withResolvers<RequestRefused>(), Promise.withResolvers<unknown>()]
  const record = async (event: AuditEvent) => {
    if (event.event === 'request.refused') refusal.resolve(event)
    if (failAudit) throw new Error('the disk is full')
  }
  const door = createDoor({
    host: '127.0.0.1',
    port: 0,
    tls: {
      material: {
        certificate: authority.server.cert,
        key: authority.server.key,
        authorities: [authority.rootPem, authority.issuingPem],
      },
      clientCertificate: 'required',
      minVersion: 'TLSv1.3',
      unsafeSessionTickets,
    },
    handler: (_request, response) => response.end('done'),
    audit: { record },
    onConnected: () => () => undefined,
    newRequestId: () => 'request-1',
    onException: (_requestId, error) => {
      problems.push(error)
      reported.resolve(error)
    },
  })
  const port = await door.listen()
  t.after(async () => door.close(0))
  return {
    door,
    port,
    problems,
    refusal: refusal.promise,
    reported: reported.promise,
    async connect(pair) {
      const socket = connect({
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        ca: authority.rootPem,
        ...pair,
      })
      socket.on('error', () => undefined)
      await once(socket, 'secureConnect')
      return socket
    },
  }
}

/** Also of a connection that ends with an error. */
const closed = async (socket: TLSSocket) => new Promise((resolve) => socket.once('close', resolve))

/** A whole answer proves that the server has the connection, too. */
async function answers(socket: TLSSocket): Promise<boolean> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [data] = (await once(socket, 'data')) as [Buffer]
  return data.toString().startsWith('HTTP/1.1 200')
}

test('ASVS 16.3.4: what TLS refuses is recorded once, with the reason and the address', async (t) => {
  const { connect: open, refusal } = await setting(t)
  await closed(await open())
  assert.deepEqual(await refusal, {
    event: 'request.refused',
    requestId: 'request-1',
    layer: 'tls',
    reason: 'no_credential',
    detail: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
    address: '127.0.0.1',
  })
})

test('ASVS 12.2.1: what speaks no TLS is recorded, too', async (t) => {
  const { port, refusal } = await setting(t)
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const { reason, address } = await refusal
  assert.deepEqual([reason, address], ['handshake_failed', '127.0.0.1'])
  socket.destroy()
})

test('a peer that breaks off is recorded with its address', async (t) => {
  const { port, refusal } = await setting(t)
  const socket = connectTcp(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resetAndDestroy()
  const { reason, detail, address } = await refusal
  assert.deepEqual([reason, detail, address], ['handshake_failed', 'ECONNRESET', '127.0.0.1'])
})

test('a refusal that cannot be recorded is reported and ends nothing', async (t) => {
  const { connect: open, reported } = await setting(t, true)
  await closed(await open())
  assert.match(String(await reported), /disk is full/)
  assert.ok(await answers(await open(await authority.client('demo'))))
})

test('readmitting judges every open connection, and destroys those that are not let in', async (t) => {
  const { door, connect: open } = await setting(t)
  const sockets = [
    await open(await authority.client('one')),
    await open(await authority.client('two')),
  ] as const
  for (const socket of sockets) assert.ok(await answers(socket))
  const ports = new Set<number | undefined>()
  door.readmit((socket) => {
    ports.add(socket.remotePort)
    return socket.remotePort !== sockets[0].localPort
  })
  assert.deepEqual(ports, new Set(sockets.map((socket) => socket.localPort)))
  await once(sockets[0], 'close')
  assert.ok(await answers(sockets[1]))
})

test('who cannot be judged is destroyed and reported, and all others are judged all the same', async (t) => {
  const { door, connect: open, problems } = await setting(t)
  const sockets = [
    await open(await authority.client('one')),
    await open(await authority.client('two')),
  ] as const
  for (const socket of sockets) assert.ok(await answers(socket))
  let judged = 0
  door.readmit(() => {
    judged += 1
    throw new Error('the trust cannot be read')
  })
  await Promise.all(sockets.map(async (socket) => once(socket, 'close')))
  assert.deepEqual([judged, problems.length], [2, 2])
})

/** Another certificate of the server, by another CA of the same names, or by the same. */
async function materialOf(other: TestAuthority): Promise<Parameters<Door['setMaterial']>[0]> {
  return {
    certificate: other.server.cert,
    key: other.server.key,
    authorities: [authority.rootPem, authority.issuingPem],
  }
}

test('another certificate is for connections to come: the open ones stay, and who has no certificate stays out', async (t) => {
  const { door, port, connect: open } = await setting(t)
  const client = await authority.client('demo')
  const early = await open(client)
  assert.ok(await answers(early))
  const other = await testAuthority(join(directory, 'other'))
  door.setMaterial(await materialOf(other))
  assert.ok(await answers(early), 'an open connection stays')
  await assert.rejects(open(client), /certificate/, 'the old root has not signed what is shown now')
  const late = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: other.rootPem, ...client })
  await once(late, 'secureConnect')
  assert.ok(await answers(late))
  const nobody = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: other.rootPem })
  nobody.on('error', () => undefined)
  await closed(nobody)
  const stranger = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: other.rootPem,
    ...(await other.client('demo')),
  })
  stranger.on('error', () => undefined)
  await closed(stranger)
  for (const socket of [early, late]) socket.destroy()
})

test('material that OpenSSL does not take changes nothing', async (t) => {
  const { door, connect: open } = await setting(t)
  const client = await authority.client('demo')
  const good = {
    certificate: authority.server.cert,
    key: authority.server.key,
    authorities: [authority.rootPem],
  }
  for (const bad of [{ key: client.key }, { certificate: 'nonsense' }, { key: '' }])
    assert.throws(() => door.setMaterial({ ...good, ...bad }))
  const socket = await open(client)
  assert.ok(await answers(socket))
  socket.destroy()
})

test('a TLS session of before does not resume after another certificate', async (t) => {
  const { door, port } = await setting(t, false, true)
  const client = await authority.client('demo')
  const tls = { host: '127.0.0.1', port, servername: 'localhost', ca: authority.rootPem, ...client }
  const first = connect(tls)
  const ticket = once(first, 'session') as Promise<[Buffer]>
  await once(first, 'secureConnect')
  assert.ok(await answers(first))
  const [session] = await ticket
  const resumes = async (): Promise<boolean> => {
    const socket = connect({ ...tls, session })
    await once(socket, 'secureConnect')
    assert.ok(await answers(socket))
    const isReused = socket.isSessionReused()
    socket.destroy()
    return isReused
  }
  assert.equal(await resumes(), true)
  door.setMaterial(await materialOf(authority))
  assert.equal(await resumes(), false)
  first.destroy()
})

test('a connection that is gone is judged no more', async (t) => {
  const { door, connect: open } = await setting(t)
  const gone = await open(await authority.client('one'))
  assert.ok(await answers(gone))
  gone.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await once(gone.resume(), 'close')
  const here = await open(await authority.client('two'))
  assert.ok(await answers(here))
  const ports: (number | undefined)[] = []
  door.readmit((socket) => ports.push(socket.remotePort) > 0)
  assert.deepEqual(ports, [here.localPort])
  here.destroy()
})

/** Less than the 10 s after which TLS itself gives up on a handshake. */
const SOON = { timeout: 8_000 }

test(
  'closing does not wait for a stranger that opened a connection and never shook hands',
  SOON,
  async (t) => {
    const { door, port, connect: open } = await setting(t)
    const silent = connectTcp(port, '127.0.0.1')
    await once(silent, 'connect')
    // Connections are taken in the order in which they come: the server has that one, too.
    assert.ok(await answers(await open(await authority.client('demo'))))
    await Promise.all([door.close(0), once(silent, 'close')])
  },
)

test('closing cuts a request that does not end', async (t) => {
  const { door, connect: open } = await setting(t)
  const socket = await open(await authority.client('demo'))
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n')
  await once(socket, 'data')
  await Promise.all([door.close(0), once(socket, 'close')])
})
