import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { after, before, test } from 'node:test'
import { connect, type ConnectionOptions } from 'node:tls'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

before(async () => {
  server = await startServer({ minVersion: 'TLSv1.2' })
})
after(async () => server.close())

interface Agreed {
  readonly protocol: string | null
  readonly cipher: string
}

/** What a handshake with the door for people agrees on, or the code of why there is none. */
async function handshake(options: ConnectionOptions): Promise<Agreed | string> {
  const socket = connect({
    host: '127.0.0.1',
    port: server.ports.people,
    ca: server.authority.rootPem,
    servername: 'localhost',
    ...options,
  })
  try {
    await once(socket, 'secureConnect')
    return { protocol: socket.getProtocol(), cipher: socket.getCipher().name }
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no code'
  } finally {
    socket.destroy()
  }
}

function codeOf(agreed: Agreed | string): string {
  return typeof agreed === 'string' ? agreed : `agreed on ${agreed.cipher}`
}

/** OpenSSL lets go of what it thinks of as too old only at its lowest level. */
const ANY = 'DEFAULT:@SECLEVEL=0'

test('ASVS 12.1.1: TLS 1.3 is preferred, 1.2 an option, and nothing older is spoken', async () => {
  const newest = await handshake({})
  assert.ok(typeof newest !== 'string' && newest.protocol === 'TLSv1.3')
  const older = await handshake({ maxVersion: 'TLSv1.2' })
  assert.ok(typeof older !== 'string' && older.protocol === 'TLSv1.2')
  for (const version of ['TLSv1.1', 'TLSv1'] as const)
    assert.match(
      codeOf(await handshake({ minVersion: version, maxVersion: version, ciphers: ANY })),
      /ALERT_PROTOCOL_VERSION|ECONNRESET/,
    )
})

test('ASVS 12.1.2: ciphers without forward secrecy or authentication of the text are not agreed on', async () => {
  for (const ciphers of [
    'ECDHE-ECDSA-AES256-SHA384',
    'ECDHE-ECDSA-AES128-SHA',
    'AES128-GCM-SHA256',
    'AES256-SHA256',
    'AES128-SHA',
    'NULL-SHA256',
    'ADH',
  ])
    assert.match(
      codeOf(await handshake({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` })),
      /HANDSHAKE_FAILURE|NO_CIPHER|ECONNRESET/,
      ciphers,
    )
  const strong = await handshake({ maxVersion: 'TLSv1.2' })
  assert.ok(typeof strong !== 'string')
  assert.equal(strong.cipher, 'ECDHE-ECDSA-AES256-GCM-SHA384')
  const weakestFirst = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384'
  assert.deepEqual(await handshake({ maxVersion: 'TLSv1.2', ciphers: weakestFirst }), strong)
})

test('ASVS 12.2.1: plain HTTP on a door is closed without an answer', async () => {
  for (const port of [server.ports.certificates, server.ports.people ?? 0]) {
    const socket = connectTcp(port, '127.0.0.1')
    socket.write('GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    await once(socket, 'close')
    assert.doesNotMatch(Buffer.concat(chunks).toString('latin1'), /200 OK|303|<html/i)
  }
})
