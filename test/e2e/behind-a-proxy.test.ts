import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { after, before, describe, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { keyDigestOf } from '../../src/auth/revocation.ts'
import { ask, INITIALIZE, legacy, modern, type Answer } from '../support/clients.ts'
import { forged, type ClientVariation, type TestPair } from '../support/certificates.ts'
import { openSession } from '../support/session.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { headerValue, startProxy, type CertificateHeader, type TlsProxy } from '../support/tls-proxy.ts'

const whoami = modern('tools/call', { name: 'whoami' })
const HEADERS: readonly CertificateHeader[] = ['client-cert', 'x-forwarded-client-cert']

/** Who an answer of `whoami` is for; `null` if it is none. */
function principalIn(body: string): string | null {
  return /"principal":"([^"]+)"/.exec(body)?.[1] ?? null
}

for (const header of HEADERS)
  describe(`behind a proxy that forwards ${header}`, () => {
    const other = HEADERS.find((one) => one !== header) ?? header
    let server: TestServer
    let edge: TestPair
    let demo: TestPair
    let admin: TestPair
    const proxies: TlsProxy[] = []
    before(async () => {
      server = await startServer({
        listeners: {
          certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
          people: { host: '127.0.0.1', port: 0 },
          proxied: { host: '127.0.0.1', port: 0, header, proxies: ['service:edge'] },
          operations: { host: '127.0.0.1', port: 0 },
        },
      })
      const { client } = server.authority
      edge = await client('edge')
      demo = await client('demo')
      admin = await client('admin-cli')
    })
    after(async () => {
      for (const started of proxies) started.close()
      await server.close()
    })

    const ca = (): string => server.authority.rootPem
    const port = (): number => server.ports.proxied ?? 0
    const valueOf = ({ cert }: { cert: string }): string => headerValue(header, new X509Certificate(cert))

    async function proxy(connections?: number): Promise<TlsProxy> {
      const options = { authority: server.authority, pair: edge, to: port(), header }
      const started = await startProxy(connections === undefined ? options : { ...options, connections })
      proxies.push(started)
      return started
    }

    /** A request of the proxy itself, on a connection of its own, with these headers beside the message's. */
    async function asProxy(headers: Record<string, string | string[]>, message = whoami): Promise<Answer> {
      return ask({ port: port(), ca: ca(), ...edge, ...message, headers: { ...message.headers, ...headers } })
    }

    async function refusedWith(reason: RefusalReason, asked: Promise<Answer>): Promise<Answer> {
      const from = server.events.length
      const answer = await asked
      assert.equal(answer.status, 401)
      const event = await server.event('request.refused', (one) => server.events.indexOf(one) >= from)
      assert.deepEqual([event.reason, event.layer], [reason, 'http'])
      return answer
    }

    test('two clients on one kept connection are themselves, one after the other', async () => {
      const { port: at, opened } = await proxy()
      for (let round = 0; round < 10; round++)
        for (const [pair, principal] of [
          [demo, 'service:demo'],
          [admin, 'service:admin-cli'],
        ] as const) {
          const answer = await ask({ port: at, ca: ca(), ...pair, ...whoami })
          assert.equal(answer.status, 200)
          assert.equal(principalIn(answer.body), principal)
        }
      assert.equal((await ask({ port: at, ca: ca(), ...whoami })).status, 401)
      assert.equal(opened(), 1)
    })

    test('and many at once', async () => {
      const { port: at, opened } = await proxy(3)
      const pairs = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? demo : admin))
      const answers = await Promise.all(
        pairs.map(async (pair) => ask({ port: at, ca: ca(), ...pair, ...whoami })),
      )
      const expected = pairs.map((pair) => (pair === demo ? 'service:demo' : 'service:admin-cli'))
      assert.deepEqual(
        answers.map(({ body }) => principalIn(body)),
        expected,
      )
      assert.ok(opened() <= 3)
    })

    test('requests that are sent at once on one connection are judged each by its own header', async () => {
      const socket = connect({ host: '127.0.0.1', port: port(), servername: 'localhost', ca: ca(), ...edge })
      const expected: (string | null)[] = []
      for (let round = 0; round < 4; round++)
        for (const [value, principal] of [
          [valueOf(demo), 'service:demo'],
          [undefined, null],
          [valueOf(admin), 'service:admin-cli'],
          ['', null],
          [valueOf(edge), null],
        ] as const) {
          const headers: Record<string, string> = value === undefined ? {} : { [header]: value }
          // A body that nobody reads would cost the connection.
          socket.write(principal === null ? wire('GET /mcp', headers) : wire('POST /mcp', headers, whoami))
          expected.push(principal)
        }
      socket.write(wire('GET /healthz', {}))
      const answers = await answersUntil(socket, '{"status":"ok"}')
      assert.deepEqual(answers.slice(0, -1).map(principalIn), expected)
      socket.destroy()
    })

    test('a request without the header is nobody, not the proxy; a session does not stand in for it', async () => {
      const { token } = await openSession(server, 'alice')
      await refusedWith('no_credential', asProxy({}))
      await refusedWith('no_credential', asProxy({ authorization: `Bearer ${token}` }))
    })

    const beside: [string, RefusalReason, (good: string) => string | string[]][] = [
      ['empty', 'credential_malformed', () => ''],
      ['there twice', 'credential_malformed', (good) => [good, good]],
      ['a list of two', 'credential_malformed', (good) => `${good}, ${good}`],
      ['too long', 'credential_malformed', (good) => good + 'A'.repeat(13_000)],
      ['not what it should be', 'credential_malformed', () => 'service:admin-cli'],
    ]
    for (const [what, reason, spoil] of beside)
      test(`a header that is ${what} is refused`, async () => {
        await refusedWith(reason, asProxy({ [header]: spoil(valueOf(admin)) }))
      })

    test('what is in the header must be one certificate, to the last byte', async () => {
      const { raw } = new X509Certificate(admin.cert)
      const value = (bytes: Buffer): string =>
        header === 'client-cert'
          ? `:${bytes.toString('base64')}:`
          : `Cert="${encodeURIComponent(pemOf(bytes))}"`
      assert.equal((await asProxy({ [header]: value(raw) })).status, 200)
      for (const bytes of [
        Buffer.from('nothing'),
        Buffer.from(admin.cert),
        raw.subarray(0, -1),
        Buffer.concat([raw, Buffer.from([0])]),
        Buffer.concat([raw, raw]),
      ])
        await refusedWith('certificate_untrusted', asProxy({ [header]: value(bytes) }))
    })

    const bad: [ClientVariation, RefusalReason][] = [
      ['other-ca', 'certificate_untrusted'],
      ['expired', 'certificate_expired'],
      ['not-yet-valid', 'certificate_not_yet_valid'],
      ['server-usage', 'certificate_wrong_usage'],
      ['no-usage', 'certificate_wrong_usage'],
      ['ca', 'certificate_wrong_usage'],
      ['no-uri', 'certificate_no_principal'],
      ['two-uris', 'certificate_no_principal'],
      ['other-trust-domain', 'certificate_untrusted'],
    ]
    for (const [variation, reason] of bad)
      test(`a certificate that is ${variation} is refused, and the connection goes on`, async () => {
        const { cert } = await server.authority.client('demo', variation)
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        const request = { port: port(), ca: ca(), ...edge, method: 'GET', agent }
        const answer = await refusedWith(
          reason,
          ask({ ...request, headers: { [header]: valueOf({ cert }) } }),
        )
        assert.notEqual(answer.headers.connection, 'close')
        agent.destroy()
      })

    test('a certificate that somebody has changed is refused', async () => {
      await refusedWith('certificate_untrusted', asProxy({ [header]: valueOf({ cert: forged(admin.cert) }) }))
    })

    test('the certificate of a proxy is nobody behind a proxy', async () => {
      await refusedWith('certificate_wrong_usage', asProxy({ [header]: valueOf(edge) }))
    })

    test('who is not named as a proxy is refused once, with a good certificate and a good header', async () => {
      for (const pair of [demo, await server.authority.client('edge', 'good', 'agent')]) {
        const request = { port: port(), ca: ca(), ...pair, ...whoami }
        const headers = { ...whoami.headers, [header]: valueOf(admin) }
        const answer = await refusedWith('proxy_not_named', ask({ ...request, headers }))
        assert.equal(answer.headers.connection, 'close')
        await refusedWith('proxy_not_named', ask({ ...request, path: '/healthz', method: 'GET' }))
      }
    })

    test('who has no certificate does not come in at all', async () => {
      const headers = { ...whoami.headers, [header]: valueOf(admin) }
      await assert.rejects(ask({ port: port(), ca: ca(), ...whoami, headers }))
    })

    test('the header that is not configured is removed and counted, and names nobody', async () => {
      const counter = async (name: string): Promise<number> => {
        const text = await (await fetch(`http://127.0.0.1:${server.ports.operations}/metrics`)).text()
        const line = new RegExp(
          `^sallyport_identity_headers_removed_total\\{header="${name}"\\} (\\d+)$`,
          'm',
        )
        return Number(line.exec(text)?.[1] ?? 0)
      }
      const value = headerValue(other, new X509Certificate(admin.cert))
      const start = await counter(other)
      await refusedWith('no_credential', asProxy({ [other]: value }))
      assert.equal(
        principalIn((await asProxy({ [other]: value, [header]: valueOf(demo) })).body),
        'service:demo',
      )
      assert.equal(await counter(other), start + 2)
      assert.equal(await counter(header), 0)
    })

    test('a header of nearly that name is not the header', async () => {
      await refusedWith('no_credential', asProxy({ [header.replaceAll('-', '_')]: valueOf(admin) }))
    })

    test('a session beside it agrees or is refused', async () => {
      const alice = await server.authority.client('alice', 'good', 'user')
      const { token } = await openSession(server, 'alice')
      const authorization = `Bearer ${token}`
      const both = await asProxy({ [header]: valueOf(alice), authorization })
      assert.equal(principalIn(both.body), 'user:alice')
      assert.match(both.body, /"methods":\["certificate","session"\]/)
      await refusedWith('credential_conflict', asProxy({ [header]: valueOf(demo), authorization }))
      await server.store.sessions.endAll('alice')
      await refusedWith('session_invalid', asProxy({ [header]: valueOf(alice), authorization }))
    })

    test('the record says whose certificate it was, and which proxy said so', async () => {
      await asProxy({ [header]: valueOf(demo) })
      const { fingerprint256 } = new X509Certificate(demo.cert)
      const credential = `sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`
      const event = await server.event('tool.decided', (one) => one.credential === credential)
      assert.equal(event.via, 'service:edge')
      assert.deepEqual(event.methods, ['certificate'])
    })

    test('a certificate is not renewed on the word of a proxy', async () => {
      for (const headers of [{ [header]: valueOf(demo) }, {}])
        await refusedWith(
          'no_credential',
          ask({
            port: port(),
            ca: ca(),
            ...edge,
            path: '/pki/renew',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify({ csr: 'x' }),
          }),
        )
    })

    test('host and origin are looked at as on the other doors', async () => {
      const good = { [header]: valueOf(demo) }
      assert.equal((await asProxy({ ...good, host: 'elsewhere.example' })).status, 403)
      assert.equal((await asProxy({ ...good, origin: 'https://elsewhere.example' })).status, 403)
      assert.equal((await asProxy({ ...good, 'sec-fetch-site': 'cross-site' })).status, 403)
    })

    test('a proxy may ask whether the server is alive, without a client', async () => {
      const answer = await ask({ port: port(), ca: ca(), ...edge, path: '/healthz', method: 'GET' })
      assert.equal(answer.status, 200)
    })

    test('a client that is revoked loses its stream and its calls; its neighbour and the proxy lose nothing', async () => {
      const { port: at } = await proxy(4)
      const [revoked, neighbour] = [
        await server.authority.client('demo'),
        await server.authority.client('demo'),
      ]
      const streams = [await openStream(at, revoked), await openStream(at, neighbour)] as const
      assert.equal((await ask({ port: at, ca: ca(), ...revoked, ...whoami })).status, 200)
      await server.authority.revoke(revoked.cert)
      await server.reloadTrust()
      server.readmit()
      await assert.rejects(streams[0].toArray())
      await refusedWith('certificate_revoked', ask({ port: at, ca: ca(), ...revoked, ...whoami }))
      const answer = await ask({ port: at, ca: ca(), ...neighbour, ...whoami })
      assert.equal(principalIn(answer.body), 'service:demo')
      assert.equal(streams[1].destroyed, false)
      streams[1].destroy()
    })

    test('a client on the live revocation list loses its stream at once', async () => {
      const { port: at } = await proxy(4)
      const { cert, key } = await server.authority.client('demo')
      const stream = await openStream(at, { cert, key })
      const { serialNumber, validToDate } = new X509Certificate(cert)
      const issuer = keyDigestOf(new X509Certificate(server.authority.issuingPem))
      const until = validToDate.getTime()
      await server.store.revocations.revoke([{ kind: 'certificate', issuer, serial: serialNumber, until }])
      await assert.rejects(stream.toArray())
      await refusedWith('certificate_revoked', ask({ port: at, ca: ca(), cert, key, ...whoami }))
    })

    test('a session of one client is none of another on the same connection', async () => {
      const { port: at, opened } = await proxy()
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const begun = await ask({ port: at, ca: ca(), ...demo, ...legacy('initialize', INITIALIZE), agent })
      const session = String(begun.headers['mcp-session-id'])
      const list = legacy('tools/list', {}, session)
      assert.equal((await ask({ port: at, ca: ca(), ...demo, ...list })).status, 200)
      assert.equal((await ask({ port: at, ca: ca(), ...admin, ...list })).status, 404)
      assert.equal(opened(), 1)
      agent.destroy()
    })

    test('a proxy that is revoked is out, with all that it says', async () => {
      const { cert, key } = await server.authority.client('edge')
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const headers = { ...whoami.headers, [header]: valueOf(demo) }
      const request = { port: port(), ca: ca(), cert, key, ...whoami, headers, agent }
      assert.equal((await ask(request)).status, 200)
      await server.authority.revoke(cert)
      await server.reloadTrust()
      await refusedWith('certificate_revoked', ask(request))
      agent.destroy()
    })

    /** The stream of a 2025-era session, open, through a proxy. */
    async function openStream(at: number, pair: TestPair): Promise<IncomingMessage> {
      const begun = await ask({ port: at, ca: ca(), ...pair, ...legacy('initialize', INITIALIZE) })
      const request = httpsRequest({
        host: '127.0.0.1',
        servername: 'localhost',
        port: at,
        path: '/mcp',
        agent: false,
        ca: ca(),
        ...pair,
        headers: { accept: 'text/event-stream', 'mcp-session-id': String(begun.headers['mcp-session-id']) },
      })
      const answered = once(request, 'response') as Promise<[IncomingMessage]>
      request.end()
      const [response] = await answered
      assert.equal(response.statusCode, 200)
      return response
    }
  })

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/** A request as it goes over the wire. */
function wire(
  line: string,
  headers: Record<string, string>,
  message?: { headers: Record<string, string>; body: string },
): string {
  const { body = '', headers: more = {} } = message ?? {}
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ host: 'localhost', ...headers, ...more, ...length })
  return `${line} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** The answers on a connection, in order, up to the one that has this body. */
async function answersUntil(socket: TLSSocket, last: string): Promise<string[]> {
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.endsWith(last)) return text.split(/(?=HTTP\/1\.1 )/)
  }
  return assert.fail('the connection ended')
}
