import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { test, type TestContext } from 'node:test'
import type { TestPair } from '../support/certificates.ts'
import { modern } from '../support/clients.ts'
import { revokedOf } from '../support/revocations.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Visit {
  readonly status: number
  readonly isResumed: boolean
  /** The session that the server left for the next time. */
  readonly session: Buffer | undefined
}

interface Visitor {
  readonly version: SecureVersion
  readonly pair?: TestPair
  readonly session?: Buffer | undefined
}

/** One request on a connection of its own. */
async function visit(server: TestServer, port: number, { version, pair, session }: Visitor): Promise<Visit> {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: server.authority.rootPem,
    minVersion: version,
    maxVersion: version,
    ...pair,
    ...(session === undefined ? {} : { session }),
  })
  let left: Buffer | undefined
  socket.on('session', (ticket: Buffer) => {
    left = ticket
  })
  await once(socket, 'secureConnect')
  const { headers, body } = modern('tools/list')
  const lines = Object.entries({ host: 'localhost', ...headers, 'content-length': Buffer.byteLength(body) })
  socket.write(
    `POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
  const [answer] = (await once(socket, 'data')) as [Buffer]
  const isResumed = socket.isSessionReused()
  socket.destroy()
  return { status: Number(answer.toString().slice(9, 12)), isResumed, session: left }
}

async function started(t: TestContext): Promise<TestServer> {
  const server = await startServer({ unsafeSessionTickets: true, minVersion: 'TLSv1.2' })
  t.after(async () => server.close())
  return server
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`a session of ${version} from before a revocation resumes nowhere`, async (t) => {
    const server = await started(t)
    const { certificates, people = 0 } = server.ports
    const [pair, neighbour] = [await server.authority.client('demo'), await server.authority.client('demo')]
    const before = await visit(server, certificates, { version, pair })
    const beside = await visit(server, certificates, { version, pair: neighbour })
    assert.deepEqual([before.status, beside.status], [200, 200])
    const { session } = before
    assert.ok(session)

    const again = await visit(server, certificates, { version, pair, session })
    assert.deepEqual([again.status, again.isResumed], [200, true], 'it resumes as long as nobody is revoked')

    await server.store.revocations.revoke([revokedOf(server.authority.issuingPem, pair.cert)])
    for (const ticket of [session, again.session]) {
      const back = await visit(server, certificates, { version, pair, session: ticket })
      assert.deepEqual([back.status, back.isResumed], [401, false])
      const elsewhere = await visit(server, people, { version, session: ticket })
      assert.deepEqual([elsewhere.status, elsewhere.isResumed], [401, false])
    }
    const reasons = server.events.map((event) =>
      event.event === 'request.refused' ? event.reason : undefined,
    )
    assert.deepEqual(
      reasons.filter((reason) => reason !== undefined),
      ['certificate_revoked', 'no_credential', 'certificate_revoked', 'no_credential'],
    )
    const other = await visit(server, certificates, { version, pair: neighbour, session: beside.session })
    assert.deepEqual(
      [other.status, other.isResumed],
      [200, false],
      'its neighbour shows its certificate anew',
    )
  })
