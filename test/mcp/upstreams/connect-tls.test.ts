import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { TLSSocket, type SecureVersion } from 'node:tls'
import type { UpstreamOptions, UpstreamTransport } from '../../../src/mcp/upstreams/options.ts'
import { testAuthority, type TestAuthority } from '../../support/certificates.ts'
import {
  callOf,
  dial,
  dialed,
  DISCOVERED,
  httpTransport,
  say,
  upstreamOptions,
} from '../../support/dialed.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

type Tls = Extract<UpstreamTransport, { kind: 'http' }>['tls']

interface TlsUpstream {
  readonly authority: TestAuthority
  readonly port: number
  readonly requests: () => number
  readonly connections: () => number
}

async function tlsUpstream(t: TestContext, maxVersion: SecureVersion = 'TLSv1.3'): Promise<TlsUpstream> {
  const authority = await testAuthority(await temporaryDirectory(t), { serverNames: ['localhost'] })
  let requests = 0
  let connections = 0
  const server = createServer(
    {
      ...authority.server,
      ca: authority.rootPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion,
      ciphers: 'DEFAULT@SECLEVEL=0',
    },
    (request, response) => {
      requests++
      const certificate =
        request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate() : undefined
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number }
        const result = { ...DISCOVERED, who: certificate?.subjectAltName ?? 'nobody' }
        say(response, { jsonrpc: '2.0', id, result })
      })
    },
  )
  server.on('secureConnection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { authority, port, requests: () => requests, connections: () => connections }
}

const at = ({ port }: TlsUpstream, tls: Tls, host = 'localhost') =>
  upstreamOptions(httpTransport(`https://${host}:${port}/mcp`, { tls }))

function pinOf(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256/${createHash('sha256').update(key).digest('base64')}`
}

test('an upstream of our own authority, pinned, to which we show a certificate', async (t) => {
  const upstream = await tlsUpstream(t)
  const { authority } = upstream
  const pins = [pinOf(authority.rootPem), pinOf(authority.server.cert)]
  const client = await authority.client('gate')
  const { connection } = await dialed(t, at(upstream, { ca: authority.rootPem, ...client, pins }))
  const answer = await connection.request(callOf('x'))
  assert.ok(answer.kind === 'result', JSON.stringify(answer))
  assert.match(String(answer.result['who']), /service\/gate/)
})

test('with another authority, name, or pin nothing is sent', async (t) => {
  const upstream = await tlsUpstream(t)
  const { authority } = upstream
  const other = await testAuthority(await temporaryDirectory(t))
  const ca = authority.rootPem
  const pins = [pinOf(authority.rootPem), pinOf(authority.issuingPem), pinOf(other.server.cert)]
  for (const [why, options] of [
    [/certificate/, at(upstream, { pins: [] })],
    [/certificate/, at(upstream, { ca: other.rootPem, pins: [] })],
    [/certificate/, at(upstream, { ca: other.rootPem, pins: [pinOf(authority.server.cert)] })],
    [/altnames|Host/, at(upstream, { ca, pins: [] }, '127.0.0.1')],
    [/none of "pins"/, at(upstream, { ca, pins })],
    [/none of "pins"/, at(upstream, { ca, pins: ['sha256/'] })],
  ] as const) {
    const { connected } = await dial(options)
    assert.ok(connected.kind === 'failed', String(why))
    assert.match(connected.why, why)
  }
  // What was sent before comes before this.
  await dialed(t, at(upstream, { ca, pins: [...pins, pinOf(authority.server.cert)] }))
  assert.equal(upstream.requests(), 1)
})

test('each new connection is looked at, and TLS before 1.2 is refused', async (t) => {
  const old = await tlsUpstream(t, 'TLSv1.1')
  const { connected } = await dial(at(old, { ca: old.authority.rootPem, pins: [] }))
  assert.equal(connected.kind, 'failed')
  assert.equal(old.requests(), 0)
  const upstream = await tlsUpstream(t, 'TLSv1.2')
  const { connection } = await dialed(
    t,
    at(upstream, { ca: upstream.authority.rootPem, pins: [pinOf(upstream.authority.server.cert)] }),
  )
  const answers = await Promise.all(['a', 'b', 'c'].map(async (name) => connection.request(callOf(name))))
  assert.ok(answers.every(({ kind }) => kind === 'result'))
  assert.ok(upstream.connections() >= 3)
})

test('what is wrong with the way to it is said so that something can be done', async (t) => {
  const upstream = await tlsUpstream(t)
  const why = async (options: UpstreamOptions): Promise<string> => {
    const { connected } = await dial(options)
    return connected.kind === 'failed' ? connected.why : connected.kind
  }
  assert.match(
    await why(at(upstream, { pins: [] })),
    /certificate.*: name its authority in "tls: \{ ca: … \}"$/,
  )
  const plain = createPlainServer().listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.after(() => plain.close())
  const { port } = plain.address() as AddressInfo
  assert.equal(
    await why(upstreamOptions(httpTransport(`https://localhost:${port}/mcp`, { tls: { pins: [] } }))),
    'no TLS is spoken at this port: is the URL one of "http"?',
  )
})
