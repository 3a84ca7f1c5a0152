import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { admitCertificate, type Trust } from '../../src/auth/certificate.ts'
import { testAuthority, type ClientVariation, type TestAuthority } from '../support/certificates.ts'

let directory: string
let authority: TestAuthority
let trust: Trust
const now = Date.now()

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-'))
  authority = await testAuthority(directory)
  trust = await authority.trust({ nextUpdate: now + 60_000 })
})
after(async () => rm(directory, { recursive: true }))

async function verdict(variation: ClientVariation, at = now, under = trust): Promise<string> {
  const { cert } = await authority.client('billing', variation)
  const presented = { kind: 'verified', certificate: new X509Certificate(cert) } as const
  const { outcome } = admitCertificate(presented, under, at)
  if (outcome.kind === 'refused') return outcome.reason
  assert.equal(outcome.kind, 'identified')
  return outcome.identity.principal.id
}

test('a good certificate is its principal, until it or the revocation list ends', async () => {
  const { cert } = await authority.client('billing')
  const certificate = new X509Certificate(cert)
  const { outcome, validUntil } = admitCertificate({ kind: 'verified', certificate }, trust, now)
  assert.equal(outcome.kind, 'identified')
  assert.equal(outcome.identity.principal.id, 'service:billing')
  assert.equal(outcome.identity.expiresAt, certificate.validToDate.getTime())
  assert.match(outcome.identity.credential, /^sha256:[0-9a-f]{64}$/)
  assert.equal(validUntil, now + 60_000)
})

test('every other certificate is refused with its reason', async () => {
  const table: Record<Exclude<ClientVariation, 'good' | 'revoked'>, RefusalReason> = {
    'other-ca': 'certificate_untrusted',
    expired: 'certificate_expired',
    'not-yet-valid': 'certificate_not_yet_valid',
    'server-usage': 'certificate_wrong_usage',
    'no-usage': 'certificate_wrong_usage',
    ca: 'certificate_wrong_usage',
    'no-uri': 'certificate_no_principal',
    'two-uris': 'certificate_no_principal',
    // Our issuing CA may not certify it.
    'other-trust-domain': 'certificate_untrusted',
    'bad-name': 'certificate_no_principal',
  }
  for (const [variation, reason] of Object.entries(table))
    assert.equal(await verdict(variation as ClientVariation), reason, variation)
})

test('a revoked serial is refused, and so is everybody once the list is stale', async () => {
  const { cert } = await authority.client('billing')
  const certificate = new X509Certificate(cert)
  const [issuer] = trust.issuers
  assert.ok(issuer)
  const revoking = { ...trust, issuers: [{ ...issuer, revoked: new Set([certificate.serialNumber]) }] }
  const judge = (under: Trust, at: number) =>
    admitCertificate({ kind: 'verified', certificate }, under, at).outcome
  assert.deepEqual(judge(revoking, now), { kind: 'refused', reason: 'certificate_revoked' })
  assert.deepEqual(judge(trust, now + 60_000), { kind: 'refused', reason: 'crl_stale' })
  assert.equal(judge(trust, now + 59_999).kind, 'identified')
})

test('an issuer that is trusted no longer takes its certificates with it', async () => {
  assert.equal(await verdict('good', now, { ...trust, issuers: [] }), 'certificate_untrusted')
})

test('outside of the time of a CA above it a certificate is worth nothing, and that is looked at again', async () => {
  const { cert } = await authority.client('billing')
  const certificate = new X509Certificate(cert)
  const under = (chain: { notBefore: number; notAfter: number }): Trust => ({
    ...trust,
    issuers: trust.issuers.map((issuer) =>
      Object.assign({}, issuer, { chain: { ...issuer.chain, ...chain } }),
    ),
  })
  const judge = (chain: { notBefore: number; notAfter: number }) =>
    admitCertificate({ kind: 'verified', certificate }, under(chain), now)
  const untrusted = { kind: 'refused', reason: 'certificate_untrusted' }
  assert.deepEqual(judge({ notBefore: now - 9, notAfter: now }).outcome, untrusted)
  assert.deepEqual(judge({ notBefore: now + 5, notAfter: now + 9 }), {
    outcome: untrusted,
    validUntil: now + 5,
  })
  const good = judge({ notBefore: now, notAfter: now + 9 })
  assert.deepEqual([good.outcome.kind, good.validUntil], ['identified', now + 9])
})

test('no certificate is absent; one that TLS did not verify is refused', () => {
  assert.equal(admitCertificate({ kind: 'none' }, trust, now).outcome.kind, 'absent')
  assert.deepEqual(admitCertificate({ kind: 'untrusted', error: 'X' }, trust, now).outcome, {
    kind: 'refused',
    reason: 'certificate_untrusted',
  })
})
