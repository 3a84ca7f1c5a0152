import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { newAuthority, signerOf } from '../../src/pki/authority.ts'
import { CEILING_OID, ceilingOf, encodeCeiling } from '../../src/pki/ceiling.ts'
import { certify, type Signer } from '../../src/pki/certify.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { Extension, X509CertificateGenerator } from '../../src/pki/x509.ts'
import { signingAlgorithm } from '../../src/pki/key.ts'
import { clientTemplate } from '../../src/pki/profile.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const IDENTITY = { trustDomain: 'sallyport.internal', kind: 'agent', name: 'helper' } as const

let issuer: Signer
before(async () => {
  issuer = signerOf((await newAuthority('sallyport.internal', NOW)).issuing)
})

/** A certificate whose ceiling extension, or extensions, have these values. */
async function withValues(...values: readonly Buffer[]): Promise<X509Certificate> {
  const { certificate, keys } = await certify(clientTemplate(IDENTITY, 60_000, NOW), issuer)
  const made = await X509CertificateGenerator.create({
    subject: certificate.subject,
    issuer: certificate.issuer,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: signingAlgorithm(issuer.key),
    extensions: values.map((value) => new Extension(CEILING_OID, false, value)),
  })
  return new X509Certificate(Buffer.from(made.rawData))
}

describe('the ceiling of a certificate', () => {
  it('is what it was issued with; without one there is none', async () => {
    const ceiling = ['notes:read', 'time:*', '*:list', '*']
    const issued = await issueClient(issuer, IDENTITY, 60_000, NOW, { ceiling })
    assert.deepEqual(ceilingOf(new X509Certificate(issued.certificate)), ceiling)
    const free = await issueClient(issuer, IDENTITY, 60_000, NOW)
    assert.equal(ceilingOf(new X509Certificate(free.certificate)), undefined)
  })

  it('is not critical, so that other programs accept the certificate', async () => {
    const { certificate } = await certify(
      clientTemplate(IDENTITY, 60_000, NOW, { ceiling: ['notes:read'] }),
      issuer,
    )
    assert.equal(certificate.getExtension(CEILING_OID)?.critical, false)
  })

  it('has at most 64 patterns of at most 130 characters, and at least one', async () => {
    const most = Array.from({ length: 64 }, (_, index) => `${'a'.repeat(127)}:${index}`.slice(0, 130))
    const issued = await issueClient(issuer, IDENTITY, 60_000, NOW, { ceiling: most })
    assert.deepEqual(ceilingOf(new X509Certificate(issued.certificate)), most)
    for (const wrong of [[], [...most, 'one:more'], ['a'.repeat(131)], ['Notes:read'], ['notes read'], ['']])
      assert.throws(() => encodeCeiling(wrong), { code: 'CERTIFICATE_INVALID' }, wrong.join())
  })

  const unreadable: readonly (readonly [what: string, ...values: readonly string[]])[] = [
    ['an empty sequence', '3000'],
    ['no sequence', '0c0161'],
    ['another kind of text in it', '3003130161'],
    ['something behind it', '30030c016100'],
    ['a text cut short', '30030c0261'],
    ['a length in a longer form', '3081030c0161'],
    ['octets that are no UTF-8', '30030c01ff'],
    ['nothing', ''],
    ['two of them', '30030c0161', '30030c0162'],
  ]
  for (const [what, ...values] of unreadable)
    it(`is an error, never "none", with ${what}`, async () => {
      const certificate = await withValues(...values.map((hex) => Buffer.from(hex, 'hex')))
      assert.throws(() => ceilingOf(certificate), { code: 'CERTIFICATE_INVALID' })
    })
})
