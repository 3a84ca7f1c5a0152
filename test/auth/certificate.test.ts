import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { admitCertificate, onOneLine, type Trust } from '../../src/auth/certificate.ts'
import type { CertificateProof } from '../../src/auth/context.ts'
import type { PrincipalMapping } from '../../src/auth/mapping.ts'
import { readTrust } from '../../src/trust.ts'
import { CLIENT_EXTENSIONS, opensslRoot, type OpensslCa } from '../support/openssl-ca.ts'
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

/** What is said of a certificate of a CA that is trusted for `partner.example`, and what the CA wrote into it. */
async function saidOf(
  ca: OpensslCa,
  principal: PrincipalMapping,
  ...names: readonly string[]
): Promise<CertificateProof | undefined> {
  const bundle = { roots: ca.pem, issuers: ca.pem, revocationLists: null, pins: [], principal }
  const under = await readTrust({
    trustDomain: 'sallyport.internal',
    bundles: [{ ...bundle, name: 'partner', trustDomains: ['partner.example'] }],
  })
  const extensions = [...CLIENT_EXTENSIONS, `subjectAltName = ${names.join(', ')}`]
  const certificate = new X509Certificate(ca.issue({ extensions }).pem)
  const { outcome } = admitCertificate({ kind: 'verified', certificate }, under, Date.now() + 1000)
  assert.equal(outcome.kind, 'identified')
  assert.match(outcome.identity.principal.id, /^service:partner\.example\//)
  return outcome.identity.certificate
}

test('of a URI counts only what its CA may speak for, whatever else it names somebody by', async () => {
  const ca = opensslRoot(directory, 'partner.example')
  const byHost: PrincipalMapping = { from: 'dns', kind: 'service' }
  const uriOf = async (uri: string): Promise<string | null | undefined> =>
    (await saidOf(ca, byHost, 'DNS:ci.partner.example', `URI:${uri}`))?.uri
  assert.equal(await uriOf('spiffe://partner.example/ci/deploy'), 'spiffe://partner.example/ci/deploy')
  assert.equal(await uriOf('spiffe://corp.example/ci/deploy'), null)
  assert.equal(await uriOf('spiffe://sallyport.internal/service/demo'), null)
  assert.equal(await uriOf('https://corp.example/ci/deploy'), null)
  const own = 'spiffe://partner.example/ci/deploy'
  assert.equal((await saidOf(ca, { from: 'uri', kind: 'service' }, `URI:${own}`))?.uri, own)
})

test('a CA whose name has commas, line breaks and signs in it has the name of no other', () => {
  const names = ['/CN=Corp CA\\,O=Corp', '/CN=Corp CA\nO=Corp', '/CN=Corp CA+O=Corp', '/CN=Corp CA\\+O=Corp']
  const lines = names.map((subject, at) => {
    const { pem } = opensslRoot(directory, `odd-${at}`, { subject })
    return onOneLine(new X509Certificate(pem).subject)
  })
  const plain = onOneLine('O=Corp\nCN=Corp CA')
  assert.equal(plain, 'CN=Corp CA,O=Corp')
  assert.equal(new Set([plain, ...lines]).size, names.length + 1, JSON.stringify(lines))
})
