import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { ceilingOf } from '../../src/pki/ceiling.ts'
import { revoke } from '../../src/pki/revoke.ts'
import { ask, modern, type Answer, type Ask } from '../support/clients.ts'
import { enrolled, keyAndRequest } from '../support/enrolled.ts'
import { testIssuer, type TestIssuer } from '../support/issuer.ts'
import { openssl } from '../support/openssl.ts'
import { startRedis } from '../support/redis.ts'
import { refusedOnRecord } from '../support/refused-on-record.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openSession } from '../support/session.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const DAY = 86_400_000
const JSON_TYPE = { 'content-type': 'application/json' }

interface Renewed {
  readonly certificate: string
  readonly principal: string
  readonly serial: string
  readonly expiresAt: string
}

let issuer: TestIssuer
let server: TestServer
before(async () => {
  server = await startServer({ issuerOf: (authority) => (issuer = testIssuer(authority)) })
})
after(async () => server.close())

function renew(tls: Partial<Ask>, csr: string, more: Partial<Ask> = {}): Promise<Answer> {
  return ask({
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    path: '/pki/renew',
    headers: JSON_TYPE,
    body: JSON.stringify({ csr }),
    ...tls,
    ...more,
  })
}

const refused = (
  work: Promise<Answer>,
  status: number,
  reason: RefusalReason,
  isAsked = false,
): Promise<Answer> => refusedOnRecord(work, { status, reason, isAsked }, { server, issuer })

const uriOf = (pem: string): string | undefined => new X509Certificate(pem).subjectAltName

describe('a renewal', () => {
  test('gives the same identity and the same ceiling, for a new key, and is good at once', async () => {
    const pair = await enrolled(issuer, 'demo', 'service', { ceiling: ['notes:read'] })
    const { key, csr } = await keyAndRequest()
    const answer = await renew(pair, csr)
    assert.equal(answer.status, 200, answer.body)
    const body = answer.json() as Renewed
    assert.deepEqual(Object.keys(body), ['certificate', 'principal', 'serial', 'expiresAt'])
    const leaf = new X509Certificate(body.certificate)
    const old = new X509Certificate(pair.cert)
    assert.equal(body.principal, 'service:demo')
    assert.equal(leaf.subjectAltName, old.subjectAltName)
    assert.notEqual(leaf.serialNumber, old.serialNumber)
    assert.equal(body.serial, leaf.serialNumber)
    assert.equal(Date.parse(body.expiresAt), leaf.validToDate.getTime())
    assert.ok(leaf.checkPrivateKey(createPrivateKey(key)))
    const event = issuer.events.findLast((one) => one.event === 'certificate.renewed')
    assert.ok(event?.event === 'certificate.renewed')
    assert.deepEqual([event.principal, event.serial], ['service:demo', body.serial])
    assert.deepEqual(ceilingOf(leaf), ['notes:read'])
    assert.equal(body.certificate.match(/BEGIN CERTIFICATE/g)?.length, 2, 'leaf and issuing CA')
    const next = await ask({
      port: server.ports.certificates,
      ca: server.authority.rootPem,
      cert: body.certificate,
      key,
      ...modern('tools/list'),
    })
    assert.equal(next.status, 200)
  })

  test('is refused for a request that asks for more, and what was asked for is on no record', async (t) => {
    const pair = await enrolled(issuer, 'modest')
    const directory = await temporaryDirectory(t)
    const file = join(directory, 'request.pem')
    for (const extension of [
      'subjectAltName=URI:spiffe://sallyport.internal/user/root-of-all',
      'basicConstraints=critical,CA:TRUE',
      'extendedKeyUsage=serverAuth',
    ]) {
      const subject = `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -addext ${extension}`
      const files = ['-keyout', join(directory, 'key.pem'), '-out', file]
      const made = openssl('req', '-new', ...subject.split(' '), ...files)
      assert.ok(made.ok, made.output)
      const csr = await readFile(file, 'utf8')
      await refused(renew(pair, csr), 400, 'certificate_request_refused', true)
    }
    assert.doesNotMatch(JSON.stringify([server.events, server.problems]), /root-of-all|BEGIN/)
  })

  test('of the same key is refused', async () => {
    const { key, csr } = await keyAndRequest()
    const answer = await issuer.enroll(await issuer.token('same-key'), csr)
    assert.ok(answer.kind === 'issued')
    await refused(
      renew({ cert: answer.issued.certificate, key }, csr),
      400,
      'certificate_request_refused',
      true,
    )
  })

  test('never lives longer than 90 days after the enrolment, and ends there', async () => {
    let time = Date.now()
    const old = testIssuer(server.authority, () => time)
    const pair = await enrolled(old, 'long', 'service', { life: 60 * DAY })
    time += 50 * DAY
    const second = await old.renew(pair.cert, (await keyAndRequest()).csr)
    assert.ok(second.kind === 'issued')
    const end = Math.round((second.issued.expiresAt - time) / DAY)
    assert.equal(end, 40)
    time += 40 * DAY
    const third = await old.renew(second.issued.certificate, (await keyAndRequest()).csr)
    assert.deepEqual(third, { kind: 'refused', reason: 'renewal_refused' })
  })
})

describe('no renewal', () => {
  test('for a certificate that is on the revocation list: refused before the issuer is asked', async () => {
    const pair = await enrolled(issuer, 'revoked-one')
    await server.authority.revoke(pair.cert)
    await server.reloadTrust()
    await refused(renew(pair, (await keyAndRequest()).csr), 401, 'certificate_revoked')
  })

  test('for one that only the ledger knows to be revoked', async () => {
    const pair = await enrolled(issuer, 'revoked-two')
    const { serialNumber: serial } = new X509Certificate(pair.cert)
    await revoke(
      server.authority.certs,
      { selection: { serial }, reason: 'keyCompromise', by: 'test' },
      Date.now(),
    )
    await refused(renew(pair, (await keyAndRequest()).csr), 403, 'renewal_refused', true)
  })

  test('for a certificate that the ledger does not know', async () => {
    const pair = await server.authority.client('stranger')
    await refused(renew(pair, (await keyAndRequest()).csr), 403, 'renewal_refused', true)
  })

  test('for a user who is disabled', async () => {
    const pair = await enrolled(issuer, 'mallory', 'user')
    await server.store.users.create({
      name: 'mallory',
      credentials: 'unusable',
      disabled: true,
      epoch: 0,
      revision: 0,
      createdAt: 0,
    })
    await refused(renew(pair, (await keyAndRequest()).csr), 401, 'principal_disabled')
  })

  test('but for a user who is enabled, and for one who never logs in', async () => {
    for (const name of ['bob', 'nobody']) {
      const pair = await enrolled(issuer, name, 'user')
      const answer = await renew(pair, (await keyAndRequest()).csr)
      assert.equal(answer.status, 200)
      assert.equal(uriOf((answer.json() as Renewed).certificate), uriOf(pair.cert))
    }
  })

  for (const variation of ['expired', 'other-ca'] as const)
    test(`for a certificate that is ${variation}: TLS closes the connection`, async () => {
      const pair = await server.authority.client('demo', variation)
      const count = issuer.asked.length
      await assert.rejects(renew(pair, (await keyAndRequest()).csr))
      assert.equal(issuer.asked.length, count)
    })

  test('without a body, with one that is too long, of another type, or hostile', async () => {
    const pair = await enrolled(issuer, 'hostile')
    const { csr } = await keyAndRequest()
    const bad: [string, Partial<Ask>][] = [
      ['none', { body: '' }],
      ['no JSON', { body: 'csr' }],
      ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `csr=${csr}` }],
      ['text', { headers: { 'content-type': 'text/plain' } }],
      ['no type', { headers: {} }],
      ['another character set', { headers: { 'content-type': 'application/json; charset=utf-16' } }],
      ['a key twice', { body: `{"csr":"x","csr":${JSON.stringify(csr)}}` }],
      ['a key more', { body: JSON.stringify({ csr, ttl: '90d' }) }],
      ['__proto__', { body: `{"__proto__":{"csr":${JSON.stringify(csr)}}}` }],
      ['a number', { body: '{"csr":1}' }],
      ['a list', { body: '[]' }],
      ['an inner list', { body: JSON.stringify({ csr: [csr] }) }],
      ['nothing in it', { body: '{"csr":""}' }],
      ['no UTF-8', { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
      ['a byte order mark', { body: `\uFEFF${JSON.stringify({ csr })}` }],
      ['deep', { body: `{"csr":${'['.repeat(10_000)}${']'.repeat(10_000)}}` }],
      [
        'compressed',
        { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: Buffer.from([31, 139, 8]) },
      ],
    ]
    for (const [what, more] of bad)
      await refused(renew(pair, csr, more), 400, 'request_malformed').catch((cause: unknown) => {
        throw new Error(what, { cause })
      })
    await refused(
      renew(pair, csr, { body: JSON.stringify({ csr: 'x'.repeat(33_000) }) }),
      413,
      'request_malformed',
    )
    await refused(renew(pair, 'no request'), 400, 'certificate_request_refused', true)
    await refused(renew(pair, csr.repeat(2)), 400, 'certificate_request_refused', true)
    assert.deepEqual(server.problems, [])
  })

  test('by another method, from another site, or at the door for people', async () => {
    const pair = await enrolled(issuer, 'elsewhere')
    const { csr } = await keyAndRequest()
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await renew(pair, csr, { method })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.allow, 'POST')
    }
    const from = (headers: Record<string, string>) =>
      renew(pair, csr, { headers: { ...JSON_TYPE, ...headers } })
    await refused(from({ 'sec-fetch-site': 'cross-site' }), 403, 'cross_site')
    await refused(from({ 'sec-fetch-site': 'same-site' }), 403, 'cross_site')
    await refused(from({ origin: 'https://evil.example' }), 403, 'origin_not_allowed')
    assert.equal((await renew({ port: server.ports.people ?? 0 }, csr)).status, 404)
  })

  test('while the issuer cannot be asked: 503', async () => {
    const pair = await enrolled(issuer, 'waiting')
    issuer.refuse('issuer_unavailable')
    await refused(renew(pair, (await keyAndRequest()).csr), 503, 'issuer_unavailable', true)
    issuer.refuse(undefined)
  })

  test('where there is no issuer: 503', async (t) => {
    const other = await startServer()
    t.after(async () => other.close())
    const pair = await other.authority.client('demo')
    const answer = await renew({ ...pair, port: other.ports.certificates, ca: other.authority.rootPem }, 'x')
    assert.equal(answer.status, 503)
    await other.event('request.refused', ({ reason }) => reason === 'issuer_unavailable')
  })

  test('of a user while the store cannot say whether he is disabled: 503', async (t) => {
    const redis = await startRedis()
    t.after(async () => redis.stop())
    let asked: TestIssuer | undefined
    const other = await startServer({
      storeLocation: redis.url,
      issuerOf: (authority) => (asked = testIssuer(authority)),
    })
    t.after(async () => other.close())
    assert.ok(asked)
    const pair = await enrolled(asked, 'alice', 'user')
    await redis.stop()
    const answer = await renew(
      { ...pair, port: other.ports.certificates, ca: other.authority.rootPem },
      (await keyAndRequest()).csr,
    )
    assert.equal(answer.status, 503)
    assert.deepEqual(asked.asked, ['enroll'])
    await other.event('request.refused', ({ reason }) => reason === 'store_unavailable')
  })

  test('more often than 60 times a minute', async (t) => {
    const time = Date.now()
    let local: TestIssuer | undefined
    const other = await startServer({
      clock: () => time,
      issuerOf: (authority) => (local = testIssuer(authority)),
    })
    t.after(async () => other.close())
    assert.ok(local)
    const tls = { port: other.ports.certificates, ca: other.authority.rootPem }
    const [restless, calm] = [await enrolled(local, 'restless'), await enrolled(local, 'calm')]
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    local.refuse('renewal_refused')
    const answers = await Promise.all(
      Array.from({ length: 70 }, () => renew({ ...tls, ...restless }, 'x', { agent })),
    )
    agent.destroy()
    const limited = answers.filter(({ status }) => status === 429)
    assert.equal(limited.length, 10)
    assert.equal(limited[0]?.headers['retry-after'], '1')
    local.refuse(undefined)
    assert.equal((await renew({ ...tls, ...calm }, (await keyAndRequest()).csr)).status, 200)
  })

  test('for a certificate that is revoked while the body is on its way', async () => {
    const pair = await enrolled(issuer, 'slow')
    const count = issuer.asked.length
    const body = JSON.stringify({ csr: (await keyAndRequest()).csr })
    const sending = request({
      ...pair,
      host: '127.0.0.1',
      servername: 'localhost',
      port: server.ports.certificates,
      ca: server.authority.rootPem,
      path: '/pki/renew',
      method: 'POST',
      agent: false,
      headers: { ...JSON_TYPE, host: 'localhost', 'content-length': body.length, expect: '100-continue' },
    })
    sending.flushHeaders()
    // The request was judged for the first time by then.
    await once(sending, 'continue')
    await server.authority.revoke(pair.cert)
    await server.reloadTrust()
    sending.end(body)
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    response.resume()
    assert.equal(response.statusCode, 401)
    assert.equal(issuer.asked.length, count)
  })
})

describe('a connection on which the certificate ends', () => {
  test('renews nothing afterwards', async (t) => {
    let offset = 0
    const clock = (): number => Date.now() + offset
    let asked: TestIssuer | undefined
    const other = await startServer({
      clock,
      issuerOf: (authority) => (asked = testIssuer(authority, clock)),
    })
    t.after(async () => other.close())
    assert.ok(asked)
    const pair = await enrolled(asked, 'demo')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const tls = { ...pair, port: other.ports.certificates, ca: other.authority.rootPem, agent }
    assert.equal((await renew(tls, (await keyAndRequest()).csr)).status, 200)
    offset = 25 * 3_600_000
    assert.equal((await renew(tls, (await keyAndRequest()).csr)).status, 401)
    await other.event('request.refused', ({ reason }) => reason === 'certificate_expired')
    assert.deepEqual(asked.asked, ['enroll', 'renew'])
    agent.destroy()
  })
})

describe('on one port for both kinds of callers', () => {
  let one: TestServer
  let local: TestIssuer
  before(async () => {
    one = await startServer({
      listeners: { certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'optional' } },
      issuerOf: (authority) => (local = testIssuer(authority)),
    })
  })
  after(async () => one.close())

  const there = (tls: Partial<Ask>, csr: string, token?: string): Promise<Answer> =>
    renew({ port: one.ports.certificates, ca: one.authority.rootPem, ...tls }, csr, {
      headers: { ...JSON_TYPE, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    })

  test('a session alone renews nothing, and neither does nobody', async () => {
    const { csr } = await keyAndRequest()
    const { token } = await openSession(one, 'alice')
    assert.equal((await there({}, csr, token)).status, 401)
    assert.equal((await there({}, csr)).status, 401)
    assert.deepEqual(local.asked, [])
  })

  test('a certificate and a session must agree', async () => {
    const pair = await enrolled(local, 'alice', 'user')
    const [own, other] = [await openSession(one, 'alice'), await openSession(one, 'bob')]
    assert.equal((await there(pair, (await keyAndRequest()).csr, other.token)).status, 401)
    await one.event('request.refused', ({ reason }) => reason === 'credential_conflict')
    assert.equal((await there(pair, (await keyAndRequest()).csr, own.token)).status, 200)
  })

  for (const variation of ['expired', 'other-ca', 'revoked'] as const)
    test(`a certificate that is ${variation} is answered once and closed`, async () => {
      const pair = await one.authority.client('demo', variation)
      await one.reloadTrust()
      const count = local.asked.length
      const answer = await there(pair, (await keyAndRequest()).csr)
      assert.equal(answer.status, 401)
      assert.equal(answer.headers.connection, 'close')
      assert.equal(local.asked.length, count)
    })
})

describe('behind a proxy that ends TLS', () => {
  test('neither the client nor the proxy renews: the certificate is not of this connection', async (t) => {
    let local: TestIssuer | undefined
    const other = await startServer({
      listeners: {
        certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
        proxied: { host: '127.0.0.1', port: 0, header: 'client-cert', proxies: ['service:edge'] },
      },
      issuerOf: (authority) => (local = testIssuer(authority)),
    })
    t.after(async () => other.close())
    assert.ok(local)
    const proxy = await enrolled(local, 'edge')
    const client = new X509Certificate((await enrolled(local, 'demo')).cert)
    const forwarded = { 'client-cert': `:${client.raw.toString('base64')}:` }
    const tls = { ...proxy, port: other.ports.proxied ?? 0, ca: other.authority.rootPem }
    const { csr } = await keyAndRequest()
    const known = await ask({
      ...tls,
      ...modern('tools/list'),
      headers: { ...modern('tools/list').headers, ...forwarded },
    })
    assert.equal(known.status, 200, 'the client is known through the proxy')
    assert.equal((await renew(tls, csr, { headers: { ...JSON_TYPE, ...forwarded } })).status, 401)
    assert.equal((await renew(tls, csr)).status, 401)
    assert.deepEqual(local.asked, ['enroll', 'enroll'])
  })
})

describe('the root certificate', () => {
  test('is to be had at both doors, and nothing but it', async () => {
    const pair = await server.authority.client('demo')
    const { rootPem: ca } = server.authority
    for (const tls of [{ port: server.ports.people ?? 0 }, { port: server.ports.certificates, ...pair }]) {
      const answer = await ask({ ...tls, ca, path: '/pki/root', method: 'GET' })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], 'application/x-pem-file')
      assert.equal(answer.body, ca)
      assert.equal((await ask({ ...tls, ca, path: '/pki/root', method: 'HEAD' })).body, '')
      const wrong = await ask({ ...tls, ca, path: '/pki/root', method: 'POST', body: '{}' })
      assert.equal(wrong.status, 405)
      assert.equal(wrong.headers.allow, 'GET, HEAD')
    }
  })
})
