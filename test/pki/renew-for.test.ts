import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { CEILING_OID, ceilingOf } from '../../src/pki/ceiling.ts'
import { certificatePem } from '../../src/pki/certify.ts'
import type { Issuance, IssuanceAnswer } from '../../src/pki/issuance.ts'
import { issueClient, issueServer, type Issued } from '../../src/pki/issue.ts'
import { newKeyPair, type KeyPair } from '../../src/pki/key.ts'
import { appendToLedger, readLedger } from '../../src/pki/ledger.ts'
import { newRequest } from '../../src/pki/new-request.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { renewFor } from '../../src/pki/renew-for.ts'
import { revoke } from '../../src/pki/revoke.ts'
import { Extension, X509Certificate as Parsed, X509CertificateGenerator } from '../../src/pki/x509.ts'
import { forged, testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR
const IDENTITY = { trustDomain: 'sallyport.internal', kind: 'agent', name: 'billing' } as const
const REFUSED = { kind: 'refused', reason: 'renewal_refused' }

interface Setting {
  readonly ca: TestAuthority
  readonly issuance: Issuance
  readonly keys: KeyPair
  /** In the ledger. */
  readonly first: Issued
}

async function setting(
  t: TestContext,
  options: { readonly life?: number; readonly ceiling?: readonly string[] } = {},
): Promise<Setting> {
  const { life = LIFETIME.client, ceiling } = options
  const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
  const keys = await newKeyPair()
  const profile = { publicKey: keys.publicKey, ...(ceiling === undefined ? {} : { ceiling }) }
  const first = await issueClient(ca.issuer, IDENTITY, life, NOW, profile)
  await appendToLedger(ca.files.ledger, first.entry)
  return {
    ca,
    keys,
    first,
    issuance: { certs: ca.certs, signer: ca.issuer, announce: async () => undefined },
  }
}

async function csr(): Promise<string> {
  return await newRequest(await newKeyPair())
}

function issuedIn(answer: IssuanceAnswer) {
  assert.ok(answer.kind === 'issued', JSON.stringify(answer))
  return answer.issued
}

describe('renewing for the holder of a certificate', () => {
  it('keeps identity, ceiling and length of life, with the new key, and knows its line', async (t) => {
    const { ca, issuance, first } = await setting(t, { ceiling: ['notes:read', 'time:*'] })
    const later = NOW + 16 * HOUR
    const second = issuedIn(await renewFor(issuance, first.certificate, await csr(), later))
    const third = issuedIn(await renewFor(issuance, second.certificate, await csr(), later + HOUR))
    const certificate = new X509Certificate(third.certificate)
    assert.equal(certificate.subjectAltName, 'URI:spiffe://sallyport.internal/agent/billing')
    assert.deepEqual(ceilingOf(certificate), ['notes:read', 'time:*'])
    assert.equal(third.expiresAt, later + HOUR + LIFETIME.client)
    assert.equal(third.principal, 'agent:billing')
    const known = (await readLedger(ca.files.ledger)).certificates.get(third.serial)
    assert.equal(known?.parent, second.serial)
    assert.equal(known?.lineage, first.entry.serial)
    assert.equal(known?.lineageStartedAt, NOW)
  })

  it('ends with its line after 90 days: never longer, then no more', async (t) => {
    const { issuance, first } = await setting(t, { life: 60 * DAY })
    const second = issuedIn(await renewFor(issuance, first.certificate, await csr(), NOW + 59 * DAY))
    assert.equal(second.expiresAt, NOW + 90 * DAY)
    const third = issuedIn(await renewFor(issuance, second.certificate, await csr(), NOW + 90 * DAY - HOUR))
    assert.equal(third.expiresAt, NOW + 90 * DAY)
    assert.deepEqual(await renewFor(issuance, third.certificate, await csr(), NOW + 90 * DAY), REFUSED)
  })

  it('is refused when it has expired, to the millisecond, or is not valid yet', async (t) => {
    const { issuance, first } = await setting(t)
    const end = NOW + LIFETIME.client
    for (const at of [end, end + 1, end + DAY, NOW - HOUR])
      assert.deepEqual(await renewFor(issuance, first.certificate, await csr(), at), REFUSED, String(at))
    issuedIn(await renewFor(issuance, first.certificate, await csr(), end - 1))
  })

  it('is refused when it, or one that it renews, is revoked', async (t) => {
    const { ca, issuance, first } = await setting(t)
    const second = issuedIn(await renewFor(issuance, first.certificate, await csr(), NOW))
    const selection = { serial: first.entry.serial }
    await revoke(ca.certs, { selection, reason: 'keyCompromise', by: 'test' }, NOW)
    for (const certificate of [first.certificate, second.certificate])
      assert.deepEqual(await renewFor(issuance, certificate, await csr(), NOW), REFUSED)
  })

  it('is refused when the list alone says that it is revoked', async (t) => {
    const { ca, issuance, first } = await setting(t)
    await ca.revoke(first.certificate)
    assert.deepEqual(await renewFor(issuance, first.certificate, await csr(), NOW), REFUSED)
  })

  it('is refused when the ledger alone says that it is revoked, since the key for the list is elsewhere', async (t) => {
    const { ca, issuance, first } = await setting(t)
    await rm(ca.files.issuingKey)
    const selection = { serial: first.entry.serial }
    const { list } = await revoke(ca.certs, { selection, reason: 'keyCompromise', by: 'test' }, NOW)
    assert.equal(list, 'no-key')
    assert.deepEqual(await renewFor(issuance, first.certificate, await csr(), NOW), REFUSED)
  })

  it('is refused when its line has ended, however long it lives itself', async (t) => {
    const { ca, issuance, keys } = await setting(t)
    const old = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW, { publicKey: keys.publicKey })
    const started = { lineageStartedAt: new Date(NOW - 90 * DAY).toISOString() }
    await appendToLedger(ca.files.ledger, { ...old.entry, ...started })
    assert.deepEqual(await renewFor(issuance, old.certificate, await csr(), NOW), REFUSED)
    assert.equal((await renewFor(issuance, old.certificate, await csr(), NOW - 1)).kind, 'issued')
  })

  it('is refused for what the ledger has as something else, or of another CA', async (t) => {
    const { ca, issuance } = await setting(t)
    const other = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const foreign = await issueClient(other.issuer, IDENTITY, LIFETIME.client, NOW)
    const server = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)
    await appendToLedger(ca.files.ledger, foreign.entry)
    await appendToLedger(ca.files.ledger, { ...server.entry, kind: 'server' })
    for (const { certificate } of [foreign, server])
      assert.deepEqual(await renewFor(issuance, certificate, await csr(), NOW), REFUSED)
  })

  it('is refused for what this CA did not issue, or does not know', async (t) => {
    const { ca, issuance, first, keys } = await setting(t)
    const unknown = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)
    const server = await issueServer(ca.issuer, [{ type: 'dns', value: 'localhost' }], NOW)
    await appendToLedger(ca.files.ledger, server.entry)
    // In the ledger as another certificate of the same serial.
    const twin = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW, { publicKey: keys.publicKey })
    await appendToLedger(ca.files.ledger, { ...twin.entry, thumbprint: first.entry.thumbprint })
    const others = await Promise.all(
      (['other-ca', 'no-uri', 'two-uris', 'bad-name'] as const).map(async (variation) => {
        const { cert } = await ca.client('billing', variation)
        return cert
      }),
    )
    const refused = [
      unknown.certificate,
      server.certificate,
      twin.certificate,
      forged(first.certificate),
      ca.issuingPem,
      ca.rootPem,
      'rubbish',
      '',
      'x'.repeat(100_000),
      ...others,
    ]
    for (const certificate of refused)
      assert.deepEqual(await renewFor(issuance, certificate, await csr(), NOW), REFUSED, certificate)
  })

  it('is refused when the ceiling cannot be read: unreadable is not unlimited', async (t) => {
    const { ca, issuance, keys } = await setting(t)
    const good = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW, {
      publicKey: keys.publicKey,
      ceiling: ['notes:read'],
    })
    const parsed = new Parsed(new X509Certificate(good.certificate).raw)
    const broken = await X509CertificateGenerator.create({
      serialNumber: parsed.serialNumber,
      subject: parsed.subjectName,
      issuer: parsed.issuerName,
      notBefore: parsed.notBefore,
      notAfter: parsed.notAfter,
      publicKey: keys.publicKey,
      signingKey: ca.issuer.key,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: parsed.extensions.map((extension) =>
        extension.type === CEILING_OID ? new Extension(CEILING_OID, false, Buffer.of(5, 0)) : extension,
      ),
    })
    const pem = certificatePem(broken)
    const fingerprint = new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
    await appendToLedger(ca.files.ledger, { ...good.entry, thumbprint: `sha256:${fingerprint}` })
    assert.deepEqual(await renewFor(issuance, pem, await csr(), NOW), REFUSED)
  })

  it('wants a new key, and a request that asks for nothing else', async (t) => {
    const { issuance, first, keys } = await setting(t)
    const bad = { kind: 'refused', reason: 'certificate_request_refused' }
    assert.deepEqual(await renewFor(issuance, first.certificate, await newRequest(keys), NOW), bad)
    assert.deepEqual(await renewFor(issuance, first.certificate, 'rubbish', NOW), bad)
  })

  it('happens ten times a minute for one principal, and no more', async (t) => {
    const { ca, issuance, first } = await setting(t)
    const answers: string[] = []
    for (let count = 0; count < 11; count++)
      answers.push((await renewFor(issuance, first.certificate, await csr(), NOW)).kind)
    assert.deepEqual(answers, [...Array.from({ length: 10 }, () => 'issued'), 'refused'])
    assert.deepEqual(await renewFor(issuance, first.certificate, await csr(), NOW), {
      kind: 'refused',
      reason: 'rate_limited',
    })
    const other = await issueClient(ca.issuer, { ...IDENTITY, name: 'other' }, LIFETIME.client, NOW)
    await appendToLedger(ca.files.ledger, other.entry)
    issuedIn(await renewFor(issuance, other.certificate, await csr(), NOW))
    issuedIn(await renewFor(issuance, first.certificate, await csr(), NOW + 60_000))
  })

  it('happens 48 times a day for one line, so that whoever has stolen one fills no ledger', async (t) => {
    const { ca, issuance, first } = await setting(t)
    let { certificate } = first
    const every = async (count: number, from: number): Promise<string[]> => {
      const answers: string[] = []
      for (let at = 0; at < count; at++) {
        const answer = await renewFor(issuance, certificate, await csr(), from + at * 6_000)
        answers.push(answer.kind)
        if (answer.kind === 'issued') ({ certificate } = answer.issued)
      }
      return answers
    }
    assert.deepEqual(new Set(await every(48, NOW)), new Set(['issued']))
    assert.deepEqual(await every(1, NOW + HOUR), ['refused'])
    const other = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)
    await appendToLedger(ca.files.ledger, other.entry)
    issuedIn(await renewFor(issuance, other.certificate, await csr(), NOW + HOUR))
    assert.deepEqual(await every(1, NOW + DAY), ['issued'])
  })

  it('releases nothing that cannot be put on record, or while ledger or list cannot be read', async (t) => {
    const { ca, issuance, first } = await setting(t)
    const deaf = { ...issuance, announce: async () => Promise.reject(new Error('no room')) }
    await assert.rejects(renewFor(deaf, first.certificate, await csr(), NOW), /no room/)
    assert.equal((await readLedger(ca.files.ledger)).certificates.size, 4)
    const lists = await ca.revocationLists()
    await writeFile(ca.files.revocationLists, 'rubbish')
    await assert.rejects(renewFor(issuance, first.certificate, await csr(), NOW), (error) =>
      isSallyportError(error, 'CERTIFICATE_INVALID'),
    )
    await writeFile(ca.files.revocationLists, lists)
    await appendFile(ca.files.ledger, 'rubbish\n')
    await assert.rejects(renewFor(issuance, first.certificate, await csr(), NOW), /is damaged/)
  })
})
