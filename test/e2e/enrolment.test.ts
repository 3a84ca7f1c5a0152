import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { ask, modern, type Answer, type Ask } from '../support/clients.ts'
import { keyAndRequest } from '../support/enrolled.ts'
import { testIssuer, type TestIssuer } from '../support/issuer.ts'
import { startRedis } from '../support/redis.ts'
import { refusedOnRecord } from '../support/refused-on-record.ts'
import { startServer, type TestServer } from '../support/server.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

interface Enrolled {
  readonly certificate: string
  readonly principal: string
  readonly serial: string
  readonly expiresAt: string
  readonly root: string
}

/** A door for people, with an issuer; both by a clock that the test moves. */
interface Place {
  readonly server: TestServer
  readonly issuer: TestIssuer
  advance(ms: number): void
}

async function place(options: Parameters<typeof startServer>[0] = {}): Promise<Place> {
  let time = Date.now()
  let issuer: TestIssuer | undefined
  const clock = (): number => time
  const server = await startServer({
    clock,
    issuerOf: (authority) => (issuer = testIssuer(authority, clock)),
    ...options,
  })
  assert.ok(issuer)
  return {
    server,
    issuer,
    advance(ms) {
      time += ms
    },
  }
}

let here: Place
before(async () => {
  here = await place()
})
after(async () => here.server.close())

/** Each comes from an address of its own, unless it says which, so that no test uses up the rate of another. */
let addresses = 0
const newAddress = (): string => `127.1.${Math.floor(addresses / 250)}.${1 + (addresses++ % 250)}`

function enroll(body: unknown, more: Partial<Ask> = {}, { server }: Place = here): Promise<Answer> {
  return ask({
    port: server.ports.people ?? 0,
    ca: server.authority.rootPem,
    path: '/pki/enroll',
    headers: JSON_TYPE,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    localAddress: newAddress(),
    ...more,
  })
}

const refused = (
  work: Promise<Answer>,
  status: number,
  reason: RefusalReason,
  isAsked = false,
  where: Place = here,
): Promise<Answer> => refusedOnRecord(work, { status, reason, isAsked }, where)

describe('an enrolment', () => {
  test('gives the certificate that the token was made for, for the key of the request', async () => {
    const { server, issuer } = here
    const { key, csr } = await keyAndRequest()
    const answer = await enroll({ token: await issuer.token('demo'), csr })
    assert.equal(answer.status, 200, answer.body)
    const body = answer.json() as Enrolled
    assert.deepEqual(Object.keys(body), ['certificate', 'principal', 'serial', 'expiresAt', 'root'])
    assert.equal(body.principal, 'service:demo')
    assert.equal(body.root, server.authority.rootPem)
    const leaf = new X509Certificate(body.certificate)
    assert.equal(leaf.subjectAltName, 'URI:spiffe://sallyport.internal/service/demo')
    assert.equal(leaf.serialNumber, body.serial)
    assert.ok(leaf.checkPrivateKey(createPrivateKey(key)))
    const { serial, expiresAt } = body
    const credential = `sha256:${leaf.fingerprint256.replaceAll(':', '').toLowerCase()}`
    assert.deepEqual(issuer.events, [
      { event: 'certificate.enrolled', principal: 'service:demo', serial, credential, expiresAt },
    ])
    const next = await ask({
      port: server.ports.certificates,
      ca: body.root,
      cert: body.certificate,
      key,
      ...modern('tools/list'),
    })
    assert.equal(next.status, 200)
  })

  test('of 100 uses of one token at once exactly one succeeds', async () => {
    const { issuer } = here
    const token = await issuer.token('raced')
    const requests = await Promise.all(Array.from({ length: 100 }, async () => (await keyAndRequest()).csr))
    const answers = await Promise.all(requests.map(async (csr) => enroll({ token, csr })))
    const statuses = answers.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 200).length, 1)
    assert.equal(statuses.filter((status) => status === 401).length, 99)
  })

  test('does not use the token up if the request is refused', async () => {
    const token = await here.issuer.token('second-try')
    await refused(enroll({ token, csr: 'none' }), 400, 'certificate_request_refused', true)
    assert.equal((await enroll({ token, csr: (await keyAndRequest()).csr })).status, 200)
  })
})

describe('no enrolment', () => {
  test('by a token that is not good, and all of them get the same answer', async (t) => {
    const { csr } = await keyAndRequest()
    const other = await place()
    t.after(async () => other.server.close())
    const used = await here.issuer.token('used')
    assert.equal((await enroll({ token: used, csr: (await keyAndRequest()).csr })).status, 200)
    const old = await here.issuer.token('old', 'service', { ttl: 1_000 })
    const good = await here.issuer.token('good')
    here.advance(2_000)
    const tokens = {
      used,
      old,
      'of another CA': await other.issuer.token('good'),
      'without its root': good.slice(0, good.indexOf('.')),
      'with another root': good.replace(/\..*/, `.${'0'.repeat(64)}`),
      'changed in one letter': good.replace(/^spe_./, good.startsWith('spe_A') ? 'spe_B' : 'spe_A'),
      'no token': 'x',
      long: 'spe_'.repeat(4_000),
      hostile: "spe_' OR 1=1 --\u0000\u202e",
    }
    const bodies = new Set<string>()
    for (const [what, token] of Object.entries(tokens)) {
      const answer = await refused(enroll({ token, csr }), 401, 'enrolment_token_invalid', true).catch(
        (cause: unknown) => {
          throw new Error(what, { cause })
        },
      )
      bodies.add(answer.body.replace(/"requestId":"[^"]+"/, ''))
    }
    assert.equal(bodies.size, 1)
  })

  test('from another site', async () => {
    const body = { token: await here.issuer.token('web'), csr: (await keyAndRequest()).csr }
    const from = (headers: Record<string, string>) => enroll(body, { headers: { ...JSON_TYPE, ...headers } })
    await refused(from({ 'sec-fetch-site': 'cross-site' }), 403, 'cross_site')
    await refused(from({ 'sec-fetch-site': 'same-site' }), 403, 'cross_site')
    await refused(from({ origin: 'https://evil.example' }), 403, 'origin_not_allowed')
    await refused(from({ origin: 'null' }), 403, 'origin_not_allowed')
    await refused(from({ host: 'evil.example' }), 403, 'host_not_allowed')
    assert.equal((await from({ 'sec-fetch-site': 'same-origin' })).status, 200)
  })

  test('with a body that is not exactly what it must be', async () => {
    const token = await here.issuer.token('shape')
    const { csr } = await keyAndRequest()
    const good = JSON.stringify({ token, csr })
    const bad: [string, string, Record<string, string>?][] = [
      ['none', ''],
      ['no token', JSON.stringify({ csr })],
      ['no request', JSON.stringify({ token })],
      ['a key more', JSON.stringify({ token, csr, principal: 'user:admin' })],
      ['a key twice', good.replace('{', `{"token":"x",`)],
      ['a key twice, escaped', good.replace('{', String.raw`{"\u0074oken":"x",`)],
      ['a token that is a list', JSON.stringify({ token: [token], csr })],
      ['a form', `token=${token}&csr=x`, { 'content-type': 'application/x-www-form-urlencoded' }],
      ['text', good, { 'content-type': 'text/plain' }],
      ['parts', good, { 'content-type': 'multipart/form-data; boundary=x' }],
    ]
    for (const [what, body, headers = JSON_TYPE] of bad)
      await refused(enroll(body, { headers }), 400, 'request_malformed').catch((cause: unknown) => {
        throw new Error(what, { cause })
      })
    await refused(enroll({ token, csr: 'x'.repeat(40_000) }), 413, 'request_malformed')
    const got = await enroll('', { method: 'GET' })
    assert.equal(got.status, 405)
    assert.equal(got.headers.allow, 'POST')
    assert.equal((await enroll(good)).status, 200, 'and none of it used the token up')
  })

  test('for a user who was disabled after the token was made', async () => {
    const token = await here.issuer.token('gone', 'user')
    const user = { name: 'gone', credentials: 'unusable', epoch: 0, revision: 0, createdAt: 0 }
    await here.server.store.users.create({ ...user, disabled: true })
    const { csr } = await keyAndRequest()
    const answer = await refused(enroll({ token, csr }), 401, 'principal_disabled', true)
    assert.doesNotMatch(answer.body, /CERTIFICATE/)
  })

  test('of a user while the store cannot say whether he is disabled: 503', async (t) => {
    const redis = await startRedis()
    t.after(async () => redis.stop())
    const there = await place({ storeLocation: redis.url })
    t.after(async () => there.server.close())
    const token = await there.issuer.token('alice', 'user')
    await redis.stop()
    const { csr } = await keyAndRequest()
    await refused(enroll({ token, csr }, {}, there), 503, 'store_unavailable', true, there)
  })

  test('while there is no issuer, or none that answers: 503', async (t) => {
    const body = { token: await here.issuer.token('waits'), csr: (await keyAndRequest()).csr }
    here.issuer.refuse('issuer_unavailable')
    await refused(enroll(body), 503, 'issuer_unavailable', true)
    here.issuer.refuse(undefined)
    const none = await startServer()
    t.after(async () => none.close())
    const tls = { port: none.ports.people ?? 0, ca: none.authority.rootPem }
    assert.equal((await enroll(body, tls)).status, 503)
  })

  test('at the door for certificates', async () => {
    const { server } = here
    const tls = { port: server.ports.certificates, ...(await server.authority.client('demo')) }
    assert.equal((await enroll({ token: 'x', csr: 'x' }, tls)).status, 404)
  })

  test('more often than 20 times a minute from one address, or 300 times from all', async (t) => {
    const there = await place()
    t.after(async () => there.server.close())
    there.issuer.refuse('enrolment_token_invalid')
    const from = async (localAddress: string, times: number): Promise<readonly number[]> => {
      const answers = Array.from({ length: times }, async () =>
        enroll({ token: 'x', csr: 'x' }, { localAddress }, there),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    const limited = (statuses: readonly number[]): number =>
      statuses.filter((status) => status === 429).length
    assert.equal(limited(await from('127.2.0.1', 25)), 5)
    assert.equal(limited(await from('127.2.0.2', 20)), 0)
    assert.equal(there.issuer.asked.length, 40)
    for (let host = 3; host <= 15; host++) assert.equal(limited(await from(`127.2.0.${host}`, 20)), 0)
    assert.equal(limited(await from('127.2.0.16', 1)), 1, 'the 301st')
    assert.equal(there.issuer.asked.length, 300)
    there.advance(60_000)
    assert.equal(limited(await from('127.2.0.1', 1)), 0)
  })

  test('leaves a token, a request or a key on record', () => {
    const recorded = JSON.stringify([here.server.events, here.server.problems])
    assert.doesNotMatch(recorded, /spe_|BEGIN|PRIVATE/)
    assert.deepEqual(here.server.problems, [])
  })
})
