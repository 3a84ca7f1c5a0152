import assert from 'node:assert/strict'
import { connect } from 'node:tls'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import type { ClientVariation } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { startServer, type TestServer } from '../support/server.ts'

const list = modern('tools/list')

for (const unsafeSessionTickets of [false, true])
  describe(`one port for both kinds of callers, session tickets ${unsafeSessionTickets ? 'on' : 'off'}`, () => {
    let server: TestServer
    before(async () => {
      server = await startServer({
        listeners: { certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'optional' } },
        unsafeSessionTickets,
      })
    })
    after(async () => server.close())

    const refusals: [ClientVariation | undefined, RefusalReason][] = [
      [undefined, 'no_credential'],
      ['other-ca', 'certificate_untrusted'],
      ['expired', 'certificate_untrusted'],
      ['server-usage', 'certificate_untrusted'],
      ['no-uri', 'certificate_no_principal'],
    ]
    for (const [variation, reason] of refusals)
      test(`${variation ?? 'no'} certificate: 401 and recorded`, async () => {
        const pair = variation && (await server.authority.client('alice', variation, 'user'))
        const answer = await ask({
          port: server.ports.certificates,
          ca: server.authority.rootPem,
          ...pair,
          ...list,
        })
        assert.equal(answer.status, 401)
        await server.event('request.refused', (event) => event.reason === reason && event.layer === 'http')
      })

    test('a good session alone is served, and so are both when they agree', async () => {
      const { token } = await openSession(server, 'alice')
      const headers = { ...list.headers, authorization: `Bearer ${token}` }
      const base = { port: server.ports.certificates, ca: server.authority.rootPem, ...list, headers }
      assert.equal((await ask(base)).status, 200)
      assert.equal(
        (await ask({ ...base, ...(await server.authority.client('alice', 'good', 'user')) })).status,
        200,
      )
    })

    for (const variation of ['other-ca', 'expired', 'server-usage', 'revoked'] as const)
      test(`a certificate that is ${variation} is refused, also with a good session beside it`, async () => {
        const { token } = await openSession(server, 'alice')
        const pair = await server.authority.client('alice', variation, 'user')
        if (variation === 'revoked') await server.reloadTrust()
        const headers = { ...list.headers, authorization: `Bearer ${token}` }
        const answer = await ask({
          port: server.ports.certificates,
          ca: server.authority.rootPem,
          ...pair,
          ...list,
          headers,
        })
        assert.equal(answer.status, 401)
      })

    test('a certificate and a session of two principals are refused', async () => {
      const { token } = await openSession(server, 'alice')
      const headers = { ...list.headers, authorization: `Bearer ${token}` }
      const pair = await server.authority.client('bob', 'good', 'user')
      const answer = await ask({
        port: server.ports.certificates,
        ca: server.authority.rootPem,
        ...pair,
        ...list,
        headers,
      })
      assert.equal(answer.status, 401)
      await server.event('request.refused', ({ reason }) => reason === 'credential_conflict')
    })

    /** Connects, lets the server answer once, and takes the TLS session that it offered. */
    async function sessionOf(pair: { cert: string; key: string } | undefined): Promise<Buffer> {
      const base = { host: '127.0.0.1', port: server.ports.certificates, servername: 'localhost' }
      const socket = connect({ ...base, ca: server.authority.rootPem, ...pair })
      const offered = once(socket, 'session') as Promise<[Buffer]>
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
      const [[session]] = await Promise.all([offered, once(socket, 'data')])
      socket.destroy()
      return session
    }

    test('a second, resumed TLS 1.3 connection without a certificate is nobody', async () => {
      const session = await sessionOf(undefined)
      const base = { port: server.ports.certificates, ca: server.authority.rootPem, ...list }
      for (let time = 0; time < 3; time++) assert.equal((await ask({ ...base, session })).status, 401)
    })

    test('a session of a connection with a certificate resumes only where tickets are on, and as that certificate', async () => {
      const session = await sessionOf(await server.authority.client('demo'))
      const base = { port: server.ports.certificates, ca: server.authority.rootPem, ...list }
      assert.equal((await ask({ ...base, session })).status, unsafeSessionTickets ? 200 : 401)
    })

    test('a session of a certificate that was revoked since resumes as nobody', async () => {
      const pair = await server.authority.client('demo')
      const session = await sessionOf(pair)
      await server.authority.revoke(pair.cert)
      await server.reloadTrust()
      const base = { port: server.ports.certificates, ca: server.authority.rootPem, ...list }
      assert.equal((await ask({ ...base, session })).status, 401)
    })
  })
