import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { findIdentity, type Identity } from '../../src/cli/client-identity.ts'
import { isFinal, renewalTime, renewIdentity } from '../../src/cli/renewal.ts'
import { retryDelay } from '../../src/cli/retry-delay.ts'
import { isSallyportError, type SallyportErrorCode } from '../../src/errors.ts'
import { createDirectory } from '../../src/pki/files.ts'
import { enrolled } from '../support/enrolled.ts'
import { testIssuer, type TestIssuer } from '../support/issuer.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

let issuer: TestIssuer
let server: TestServer
before(async () => {
  server = await startServer({ issuerOf: (authority) => (issuer = testIssuer(authority)) })
})
after(async () => server.close())

/** An identity on disk that the issuer knows. */
async function identity(t: TestContext, name: string): Promise<Identity> {
  const { cert, key } = await enrolled(issuer, name)
  const directory = join(await temporaryDirectory(t), name)
  await createDirectory(directory, {
    'client.pem': { content: cert, secret: false },
    'client.key.pem': { content: key, secret: true },
    'root.pem': { content: server.authority.rootPem, secret: false },
  })
  return findIdentity({ dir: directory, now: Date.now() })
}

const url = (): string => `https://localhost:${server.ports.certificates}/mcp`

async function refused(
  one: Identity,
  code: SallyportErrorCode,
  message: RegExp,
  at: string = url(),
  now: () => number = Date.now,
): Promise<void> {
  await assert.rejects(renewIdentity(one, at, { now }), (error) => {
    assert.ok(isSallyportError(error, code), String(error))
    assert.match(error.message, message)
    assert.equal(isFinal(error), code === 'REFUSED')
    return true
  })
  const kept = await findIdentity({ dir: one.directory, now: Date.now() })
  assert.equal(kept.certificate, one.certificate, 'the old one is kept')
  assert.equal(kept.key, one.key)
}

describe('renewing over the network', () => {
  test('puts a new pair for the same identity in the place of the old one', async (t) => {
    const old = await identity(t, 'demo')
    const renewed = await renewIdentity(old, url(), { now: Date.now })
    assert.notEqual(renewed.key, old.key)
    const [one, other] = [old, renewed].map(({ certificate }) => new X509Certificate(certificate))
    assert.equal(one?.subjectAltName, other?.subjectAltName)
    assert.notEqual(one?.serialNumber, other?.serialNumber)
    assert.ok(other?.checkPrivateKey(createPrivateKey(renewed.key)))
    assert.deepEqual(await findIdentity({ dir: old.directory, now: Date.now() }), renewed)
    assert.equal(await readFile(join(old.directory, 'client.pem'), 'utf8'), renewed.certificate)
    assert.deepEqual((await readdir(old.directory)).toSorted(), ['client.key.pem', 'client.pem', 'root.pem'])
    const third = await renewIdentity(renewed, url(), { now: Date.now })
    assert.notEqual(third.certificate, renewed.certificate)
  })

  test('is not tried with a certificate that has expired', async (t) => {
    const old = await identity(t, 'late')
    const count = issuer.asked.length
    await refused(old, 'REFUSED', /expired at .*new enrolment token/, url(), () => old.notAfter)
    assert.equal(issuer.asked.length, count)
  })

  test('is not tried with a certificate of another CA: any answer would fit what names no client of ours', async (t) => {
    const { cert, key } = await server.authority.client('foreign', 'no-uri')
    const old = { ...(await identity(t, 'foreign')), certificate: cert, key }
    const count = issuer.asked.length
    await assert.rejects(renewIdentity(old, url(), { now: Date.now }), (error) => {
      assert.ok(isSallyportError(error, 'REFUSED'), String(error))
      assert.match(error.message, /of another CA/)
      return true
    })
    assert.equal(issuer.asked.length, count)
  })

  test('tells what is refused for good from what may be tried again', async (t) => {
    const old = await identity(t, 'patient')
    issuer.refuse('renewal_refused')
    await refused(old, 'REFUSED', /does not renew .*new enrolment token/)
    issuer.refuse('issuer_unavailable')
    await refused(old, 'TOO_BUSY', /try again later/)
    issuer.refuse('rate_limited')
    await refused(old, 'TOO_BUSY', /try again later/)
    issuer.refuse(undefined)
    await refused(old, 'UNREACHABLE', /nobody listens/, 'https://localhost:1')
    await refused(
      old,
      'UNREACHABLE',
      /no \/pki\/renew .*is it the door for certificates\?/,
      `https://localhost:${server.ports.people}`,
    )
    await server.authority.revoke(old.certificate)
    await server.reloadTrust()
    await refused(old, 'REFUSED', /revoked/)
  })

  test('does not speak to a server of another CA, or under another name', async (t) => {
    const old = await identity(t, 'careful')
    const other = await startServer()
    t.after(async () => other.close())
    await refused(old, 'UNREACHABLE', /not of our CA/, `https://localhost:${other.ports.certificates}`)
    const elsewhere = `https://127.0.0.2:${server.ports.certificates}`
    await refused(old, 'UNREACHABLE', /cannot be reached|other names/, elsewhere)
  })
})

describe('an answer that does not fit', () => {
  /** A server of our CA that answers with whatever it is told to. */
  async function answering(t: TestContext, status: number, body: unknown): Promise<string> {
    const { cert, key } = server.authority.server
    const odd = createServer({ cert, key }, (_request, response) => {
      response.writeHead(status, { location: 'https://localhost:1/' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    odd.listen(0, '127.0.0.1')
    await once(odd, 'listening')
    t.after(() => odd.close())
    const address = odd.address()
    return `https://localhost:${typeof address === 'object' ? address?.port : 0}`
  }

  test('never replaces the old pair', async (t) => {
    const old = await identity(t, 'sceptic')
    const { certificate } = old
    const fields = {
      certificate,
      principal: 'service:sceptic',
      serial: '01',
      expiresAt: new Date().toISOString(),
    }
    const { cert } = await enrolled(issuer, 'sceptic')
    const answers: [unknown, RegExp][] = [
      [fields, /another key/],
      [{ ...fields, certificate: cert }, /another key/],
      [{ ...fields, certificate: '' }, /no certificate/],
      ['not JSON', /no certificate/],
      [{}, /no certificate/],
      [{ ...fields, serial: 1 }, /no certificate/],
    ]
    for (const [body, message] of answers)
      await refused(old, 'CERTIFICATE_INVALID', message, await answering(t, 200, body))
    await refused(old, 'UNREACHABLE', /cannot be reached/, await answering(t, 200, 'x'.repeat(100_000)))
    await refused(old, 'REFUSED', /302/, await answering(t, 302, ''))
  })
})

describe('when to renew', () => {
  const lived = (notBefore: number, notAfter: number): Identity => ({
    directory: '/',
    name: 'demo',
    certificate: '',
    key: '',
    root: '',
    notBefore,
    notAfter,
  })

  test('is after two thirds of the life, and up to a twentieth later', () => {
    assert.equal(renewalTime(lived(1_000, 61_000), 0), 41_000)
    assert.equal(renewalTime(lived(1_000, 61_000), 1), 44_000)
    assert.equal(renewalTime(lived(0, 60_000), 0.5), 41_500)
  })

  test('is always before the end', () => {
    fc.assert(
      fc.property(
        fc.nat(1e12),
        fc.integer({ min: 60_000, max: 1e10 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (from, life, random) => {
          const time = renewalTime(lived(from, from + life), random)
          assert.ok(time >= from + (life * 2) / 3 - 1 && time < from + life * 0.75)
        },
      ),
    )
  })

  test('trying again comes later and later, but several times before the end', () => {
    const hour = 3_600_000
    assert.deepEqual(
      [1, 2, 3, 4, 9, 10, 99].map((attempt) => retryDelay(attempt, hour * 100, 0)),
      [1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000],
    )
    assert.equal(retryDelay(99, 100_000, 0), 10_000)
    assert.equal(retryDelay(3, hour, 1), 2_000)
    assert.equal(retryDelay(1, 0, 0), 500, 'and not all the time at the very end')
  })
})
