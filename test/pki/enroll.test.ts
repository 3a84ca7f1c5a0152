import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { ceilingOf } from '../../src/pki/ceiling.ts'
import { enroll } from '../../src/pki/enroll.ts'
import type { Issuance, IssuanceAnswer } from '../../src/pki/issuance.ts'
import { issueClient, type Issued } from '../../src/pki/issue.ts'
import { newKeyPair } from '../../src/pki/key.ts'
import { appendToLedger, readLedger } from '../../src/pki/ledger.ts'
import { newRequest } from '../../src/pki/new-request.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { revoke } from '../../src/pki/revoke.ts'
import { LONGEST_OFFER, offer } from '../../src/pki/token.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const MINUTE = 60_000
const IDENTITY = { trustDomain: 'sallyport.internal', kind: 'service', name: 'billing' } as const
const OFFER = { identity: IDENTITY, life: LIFETIME.client, ttl: 10 * MINUTE }

interface Setting {
  readonly ca: TestAuthority
  readonly issuance: Issuance
  readonly announced: Issued[]
}

async function setting(t: TestContext): Promise<Setting> {
  const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
  const announced: Issued[] = []
  const announce = async (issued: Issued): Promise<void> => void announced.push(issued)
  return { ca, announced, issuance: { certs: ca.certs, signer: ca.issuer, announce } }
}

async function csr(): Promise<string> {
  return await newRequest(await newKeyPair())
}

function issuedIn(answer: IssuanceAnswer) {
  assert.equal(answer.kind, 'issued', JSON.stringify(answer))
  assert.ok(answer.kind === 'issued')
  return answer.issued
}

const INVALID = { kind: 'refused', reason: 'enrolment_token_invalid' }

describe('enrolling with a one-time token', () => {
  it('gives the certificate that the token was made for, with the key of the request, on record first', async (t) => {
    const { ca, issuance, announced } = await setting(t)
    const { token, expires } = await offer(ca.certs, { ...OFFER, ceiling: ['notes:read'] }, NOW)
    assert.match(token, /^spe_[A-Za-z0-9_-]{43}\.[0-9a-f]{64}$/)
    assert.equal(expires, NOW + 10 * MINUTE)
    const root = new X509Certificate(ca.rootPem).fingerprint256.replaceAll(':', '').toLowerCase()
    assert.equal(token.split('.')[1], root)
    const keys = await newKeyPair()
    const issued = issuedIn(await enroll(issuance, token, await newRequest(keys), NOW + MINUTE))
    const certificate = new X509Certificate(issued.certificate)
    assert.equal(certificate.subjectAltName, 'URI:spiffe://sallyport.internal/service/billing')
    assert.deepEqual(ceilingOf(certificate), ['notes:read'])
    assert.equal(issued.principal, 'service:billing')
    assert.equal(issued.expiresAt, NOW + MINUTE + LIFETIME.client)
    assert.equal(announced[0]?.entry.serial, issued.serial)
    const known = (await readLedger(ca.files.ledger)).certificates.get(issued.serial)
    assert.equal(known?.thumbprint, issued.thumbprint)
    assert.equal(known?.lineage, issued.serial)
  })

  it('keeps of the token its digest alone', async (t) => {
    const { ca } = await setting(t)
    const { token, digest } = await offer(ca.certs, OFFER, NOW)
    const ledger = await readFile(ca.files.ledger, 'utf8')
    const [secret = ''] = token.split('.')
    assert.equal(ledger.includes(secret.slice(4)), false)
    assert.equal(ledger.includes(digest), true)
  })

  it('of a hundred uses at once gives exactly one certificate', async (t) => {
    const { ca, issuance, announced } = await setting(t)
    const { token } = await offer(ca.certs, OFFER, NOW)
    const requests = await Promise.all(Array.from({ length: 100 }, csr))
    const answers = await Promise.all(
      requests.map(async (request) => await enroll(issuance, token, request, NOW)),
    )
    assert.equal(answers.filter(({ kind }) => kind === 'issued').length, 1)
    assert.deepEqual(
      answers.filter(({ kind }) => kind === 'refused'),
      Array.from({ length: 99 }, () => INVALID),
    )
    assert.equal(announced.length, 1)
    assert.equal((await readLedger(ca.files.ledger)).certificates.size, 4)
  })

  it('refuses a token that is unknown, used, past its time, of another CA, or none', async (t) => {
    const { ca, issuance } = await setting(t)
    const other = await setting(t)
    const [used, late] = [await offer(ca.certs, OFFER, NOW), await offer(ca.certs, OFFER, NOW)]
    const foreign = await offer(other.ca.certs, OFFER, NOW)
    issuedIn(await enroll(issuance, used.token, await csr(), NOW))
    const [secret, root = ''] = late.token.split('.')
    const flipped = root.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    const refused: [string, number][] = [
      [used.token, NOW],
      [late.token, NOW + 10 * MINUTE],
      [foreign.token, NOW],
      [`${foreign.token.split('.')[0]}.${root}`, NOW],
      [`${secret}.${flipped}`, NOW],
      [`${secret}`, NOW],
      [`${late.token}\n`, NOW],
      ['', NOW],
    ]
    for (const [token, at] of refused)
      assert.deepEqual(await enroll(issuance, token, await csr(), at), INVALID, token)
    issuedIn(await enroll(issuance, late.token, await csr(), NOW))
  })

  it('is not used up by a request that is refused, nor by one that cannot be put on record', async (t) => {
    const { ca, issuance } = await setting(t)
    const { token } = await offer(ca.certs, OFFER, NOW)
    assert.deepEqual(await enroll(issuance, token, 'rubbish', NOW), {
      kind: 'refused',
      reason: 'certificate_request_refused',
    })
    const deaf = { ...issuance, announce: async () => Promise.reject(new Error('no room')) }
    await assert.rejects(enroll(deaf, token, await csr(), NOW), /no room/)
    assert.equal((await readLedger(ca.files.ledger)).certificates.size, 3)
    issuedIn(await enroll(issuance, token, await csr(), NOW))
  })

  it('is over when its principal is revoked', async (t) => {
    const { ca, issuance } = await setting(t)
    await appendToLedger(
      ca.files.ledger,
      (await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)).entry,
    )
    const { token } = await offer(ca.certs, OFFER, NOW)
    const revocation = { selection: { name: 'billing' }, reason: 'keyCompromise', by: 'test' } as const
    await revoke(ca.certs, revocation, NOW)
    assert.deepEqual(await enroll(issuance, token, await csr(), NOW), INVALID)
    const again = await offer(ca.certs, OFFER, NOW)
    issuedIn(await enroll(issuance, again.token, await csr(), NOW))
  })

  it('is not offered for longer than a week', async (t) => {
    const { ca } = await setting(t)
    for (const ttl of [LONGEST_OFFER + 1, 0, Number.NaN])
      await assert.rejects(offer(ca.certs, { ...OFFER, ttl }, NOW), (error) =>
        isSallyportError(error, 'CERTIFICATE_INVALID'),
      )
  })
})
