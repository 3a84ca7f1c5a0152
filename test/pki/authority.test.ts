import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import {
  createAuthority,
  newAuthority,
  openAuthority,
  readCertificate,
  signerOf,
} from '../../src/pki/authority.ts'
import { certificatePem, certify } from '../../src/pki/certify.ts'
import { clientTemplate, LIFETIME } from '../../src/pki/profile.ts'
import { forged, testAuthority, type ClientVariation, type TestAuthority } from '../support/certificates.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00.500Z')

/** What `openssl verify` says about a certificate for one purpose, as strictly as it can. */
function verified(ca: TestAuthority, path: string, purpose: 'sslclient' | 'sslserver'): boolean {
  const { root, issuing, revocationLists } = ca.files
  const trust = ['-CAfile', root, '-untrusted', issuing, '-CRLfile', revocationLists]
  return openssl('verify', '-x509_strict', '-crl_check_all', '-purpose', purpose, ...trust, path).ok
}

describe('what the CA issues', () => {
  it('is accepted by openssl at its strictest, each for its own purpose only', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const client = await ca.writeClient('billing')
    assert.equal(verified(ca, client.certificate, 'sslclient'), true)
    assert.equal(verified(ca, client.certificate, 'sslserver'), false)
    assert.equal(verified(ca, ca.serverFiles.certificate, 'sslserver'), true)
    assert.equal(verified(ca, ca.serverFiles.certificate, 'sslclient'), false)
  })

  const bad: readonly ClientVariation[] = ['other-ca', 'expired', 'not-yet-valid', 'server-usage', 'revoked']
  for (const variation of bad)
    it(`is refused by openssl as a client when it is ${variation}`, async (t) => {
      const ca = await testAuthority(await temporaryDirectory(t))
      const client = await ca.writeClient('billing', variation)
      assert.equal(verified(ca, client.certificate, 'sslclient'), false)
    })

  it('is refused by openssl while the revocation list is stale', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { revocationLists: 'stale' })
    assert.equal(verified(ca, (await ca.writeClient('billing')).certificate, 'sslclient'), false)
  })

  it('says what its profile says', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const client = new X509Certificate((await ca.client('billing')).cert)
    assert.equal(client.subject, 'CN=billing')
    assert.equal(client.subjectAltName, 'URI:spiffe://sallyport.internal/service/billing')
    assert.deepEqual(client.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    assert.equal(client.ca, false)
    assert.equal(client.validFromDate.toISOString(), '2026-11-21T09:59:00.000Z', 'backdated by a minute')
    assert.equal(client.validToDate.toISOString(), '2026-11-22T10:00:00.000Z')
    const server = new X509Certificate(ca.server.cert)
    assert.equal(server.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    assert.equal(server.validToDate.toISOString(), '2026-12-21T10:00:00.000Z')
  })

  it('has critical constraints and usages, and path lengths that end below the issuing CA', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const text = (path: string): string => openssl('x509', '-in', path, '-noout', '-text').output
    assert.match(text(ca.files.root), /Basic Constraints: critical\s+CA:TRUE, pathlen:1/)
    assert.match(text(ca.files.issuing), /Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
    assert.match(
      text(ca.files.issuing),
      /Name Constraints: critical\s+Permitted:\s+URI:sallyport\.internal\n/,
    )
    for (const path of [ca.files.root, ca.files.issuing])
      assert.match(text(path), /Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
    const { certificate } = await ca.writeClient('billing')
    assert.match(text(certificate), /Key Usage: critical\s+Digital Signature\n/)
    assert.match(text(certificate), /Authority Key Identifier/)
  })

  it('has serials of 20 octets, positive, and never the same twice', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const clients = await Promise.all(Array.from({ length: 50 }, async () => await ca.client('billing')))
    const serials = clients.map(({ cert }) => new X509Certificate(cert).serialNumber)
    assert.equal(new Set(serials).size, serials.length)
    for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{39}$/)
  })

  it('never outlives its issuer', async () => {
    const { issuing } = await newAuthority('sallyport.internal', NOW)
    const end = issuing.certificate.notAfter.getTime()
    const identity = { trustDomain: 'sallyport.internal', kind: 'service', name: 'late' } as const
    const { certificate } = await certify(
      clientTemplate(identity, LIFETIME.client, end - 1000),
      signerOf(issuing),
    )
    assert.equal(certificate.notAfter.getTime(), end)
  })

  it('comes with the issuing CA behind the leaf', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    assert.ok((await ca.client('billing')).cert.endsWith(ca.issuingPem))
    assert.ok(ca.server.cert.endsWith(ca.issuingPem))
  })
})

describe('creating the CA', () => {
  it('keeps keys and the ledger for the owner alone', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777
    const secret = [ca.files.rootKey, ca.files.issuingKey, ca.files.ledger, ca.serverFiles.key]
    for (const path of secret) assert.equal(await mode(path), 0o600, path)
    for (const path of [ca.files.root, ca.files.issuing, ca.files.revocationLists])
      assert.equal((await mode(path)) & 0o400, 0o400, path)
  })

  it('is won by exactly one of many at once, and the others are told', async (t) => {
    const certs = await temporaryDirectory(t)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, async () => await createAuthority(certs, 'sallyport.internal', Date.now())),
    )
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(lost.length, 7)
    for (const reason of lost) assert.ok(isSallyportError(reason, 'FILE_EXISTS'))
    assert.deepEqual(await readdir(certs), ['ca'], 'nothing half done is left behind')
    await openAuthority(certs, Date.now())
  })

  it('refuses a trust domain that cannot stand in a URI', async (t) => {
    const certs = await temporaryDirectory(t)
    await assert.rejects(createAuthority(certs, 'Not A Domain', Date.now()), (error) =>
      isSallyportError(error, 'CONFIGURATION_INVALID'),
    )
    assert.deepEqual(await readdir(certs), [])
  })
})

describe('opening the CA', () => {
  it('refuses a key that is not the issuing CA’s', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    await writeFile(ca.files.issuingKey, await readFile(ca.files.rootKey))
    await assert.rejects(openAuthority(ca.certs, Date.now()), /is not the key of/)
  })

  it('refuses an issuing CA that another root signed', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const other = await newAuthority('sallyport.internal', Date.now())
    await writeFile(ca.files.root, certificatePem(other.root.certificate))
    await assert.rejects(openAuthority(ca.certs, Date.now()), /is not signed by/)
  })

  it('refuses an issuing CA whose signature is not the root’s', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    await writeFile(ca.files.issuing, forged(ca.issuingPem))
    await assert.rejects(openAuthority(ca.certs, Date.now()), /is not signed by/)
  })

  it('refuses an issuing CA that has ended', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    await assert.rejects(openAuthority(ca.certs, Date.now() + LIFETIME.issuing + 1000), /is not valid now/)
  })

  it('refuses to sign by a clock that is behind the CA, and says what time it is by that clock', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await assert.rejects(openAuthority(ca.certs, NOW - 24 * 3_600_000), {
      code: 'CERTIFICATE_INVALID',
      message: /begins 2026-11-21T09:59:00.*is the clock right \(2026-11-20T10:00:00.500Z\)\?$/,
    })
  })

  it('refuses a leaf in the place of the issuing CA', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const { cert, key } = await ca.client('billing')
    await writeFile(ca.files.root, ca.issuingPem)
    await writeFile(ca.files.issuing, cert)
    await writeFile(ca.files.issuingKey, key)
    await assert.rejects(openAuthority(ca.certs, Date.now()), /is not the certificate of a CA/)
  })

  it('says so when there is none, or when a file is not PEM', async (t) => {
    const directory = await temporaryDirectory(t)
    await assert.rejects(openAuthority(join(directory, 'none'), Date.now()), (error) =>
      isSallyportError(error, 'NOT_FOUND'),
    )
    const ca = await testAuthority(directory)
    await writeFile(ca.files.issuing, 'garbage')
    await assert.rejects(readCertificate(ca.files.issuing), (error) =>
      isSallyportError(error, 'CERTIFICATE_INVALID'),
    )
    await rm(ca.files.issuing)
    await assert.rejects(readCertificate(ca.files.issuing), (error) => isSallyportError(error, 'NOT_FOUND'))
  })
})
