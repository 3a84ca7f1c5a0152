import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { newAuthority, openSigner, signerOf } from '../../src/pki/authority.ts'
import { certificatePem, type Signer } from '../../src/pki/certify.ts'
import { revocationListTemplate, signRevocationList } from '../../src/pki/crl.ts'
import { parseRevocationLists, type RevocationList } from '../../src/pki/read-crl.ts'
import { signingAlgorithm } from '../../src/pki/key.ts'
import { pemBlocks, pemOf } from '../../src/pki/pem.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { isRevocationReason, REVOCATION_REASONS } from '../../src/pki/revocation-reason.ts'
import { Extension, X509CrlGenerator, type X509CrlCreateParams } from '../../src/pki/x509.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const DAY = 86_400_000

function authorities(ca: TestAuthority): readonly [X509Certificate, X509Certificate] {
  return [new X509Certificate(ca.issuingPem), new X509Certificate(ca.rootPem)]
}

async function parsed(ca: TestAuthority): Promise<readonly RevocationList[]> {
  return await parseRevocationLists(await ca.revocationLists(), authorities(ca))
}

async function refused(pem: string, ca: TestAuthority, problem: RegExp): Promise<void> {
  await assert.rejects(
    parseRevocationLists(pem, authorities(ca)),
    (error) => isSallyportError(error, 'CERTIFICATE_INVALID') && problem.test(error.message),
  )
}

/** An issuing CA in memory, for many lists. */
async function signer(): Promise<{ readonly issuer: Signer; readonly certificate: X509Certificate }> {
  const { issuing } = await newAuthority('sallyport.internal', NOW)
  return { issuer: signerOf(issuing), certificate: new X509Certificate(certificatePem(issuing.certificate)) }
}

/** A list signed by the issuing CA, in ways in which we never sign one. */
async function signed(ca: TestAuthority, list: Partial<X509CrlCreateParams>): Promise<string> {
  const { certificate, key } = ca.issuer
  const made = await X509CrlGenerator.create({
    issuer: certificate.subjectName,
    thisUpdate: new Date(),
    signingAlgorithm: signingAlgorithm(key),
    signingKey: key,
    ...list,
  })
  return pemOf('X509 CRL', new Uint8Array(made.rawData))
}

describe('the revocation lists of a new CA', () => {
  it('are the issuing CA’s and the root’s, empty, number 1, for 30 days and a year', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const [issuing, root] = await parsed(ca)
    assert.equal(issuing?.issuer.subject, new X509Certificate(ca.issuingPem).subject)
    assert.equal(root?.issuer.subject, new X509Certificate(ca.rootPem).subject)
    for (const list of [issuing, root]) {
      assert.equal(list?.number, 1n)
      assert.equal(list?.revoked.size, 0)
      assert.equal(list?.thisUpdate, NOW - 60_000)
    }
    assert.equal(issuing?.nextUpdate, NOW + 30 * DAY)
    assert.equal(root?.nextUpdate, NOW + 365 * DAY)
  })

  it('are read by openssl, number, key identifier and all', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    await ca.client('billing', 'revoked')
    const { ok, output } = openssl(
      'crl',
      '-in',
      ca.files.revocationLists,
      '-CAfile',
      ca.files.issuing,
      '-text',
      '-noout',
    )
    assert.equal(ok, true, output)
    assert.match(output, /verify OK/)
    assert.match(output, /CRL Number:\s+2\n/)
    assert.match(output, /Authority Key Identifier/)
    assert.match(output, /Privilege Withdrawn/)
  })
})

const REASONS = Object.keys(REVOCATION_REASONS).filter(isRevocationReason)

describe('reading revocation lists', () => {
  it('finds the serials as node:crypto prints them', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const revoked = await ca.client('billing', 'revoked')
    const good = await ca.client('billing')
    const [issuing] = await parsed(ca)
    assert.equal(issuing?.revoked.has(new X509Certificate(revoked.cert).serialNumber), true)
    assert.equal(issuing?.revoked.has(new X509Certificate(good.cert).serialNumber), false)
  })

  it('gives back every number, time, serial and reason that was signed', async () => {
    const { issuer, certificate } = await signer()
    // A first octet above 0x7f has to get a zero before it in DER, which is no part of the serial.
    const octets = fc
      .tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 18 }))
      .map(([first, rest]) =>
        Buffer.from([first, ...rest])
          .toString('hex')
          .toUpperCase(),
      )
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((second) => second * 1000)
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 0n, max: 2n ** 159n - 1n }),
        fc.uniqueArray(octets, { maxLength: 5 }),
        seconds,
        seconds,
        fc.constantFrom(...REASONS),
        async (number, serials, thisUpdate, nextUpdate, reason) => {
          const entries = serials.map((serial) => ({ serial, at: thisUpdate, reason }))
          const pem = await signRevocationList({ number, entries, thisUpdate, nextUpdate }, issuer)
          const [list] = await parseRevocationLists(pem, [certificate])
          assert.deepEqual(list, {
            issuer: certificate,
            number,
            thisUpdate,
            nextUpdate,
            revoked: new Set(serials),
            entries,
            digest: createHash('sha256')
              .update(pemBlocks(pem)[0]?.der ?? '')
              .digest('hex'),
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('signs and reads a list of a hundred thousand in seconds', { timeout: 20_000 }, async () => {
    const { issuer, certificate } = await signer()
    const entries = Array.from({ length: 100_000 }, (_, index) => ({
      serial: `41${index.toString(16).toUpperCase().padStart(8, '0')}`,
      at: NOW,
      reason: 'superseded' as const,
    }))
    const pem = await signRevocationList(revocationListTemplate(2n, entries, 30 * DAY, NOW), issuer)
    const [list] = await parseRevocationLists(pem, [certificate])
    assert.equal(list?.revoked.size, entries.length)
  })

  it('takes a list of three thousand', async () => {
    const { issuer, certificate } = await signer()
    const entries = Array.from({ length: 3000 }, (_, index) => ({
      serial: (0x400000 + index).toString(16).toUpperCase(),
      at: NOW,
    }))
    const pem = await signRevocationList(revocationListTemplate(1n, entries, DAY, NOW), issuer)
    const [list] = await parseRevocationLists(pem, [certificate])
    assert.equal(list?.revoked.size, 3000)
  })

  it('refuses a list of a CA that is not handed in, of the same name or not', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const other = await newAuthority(ca.trustDomain, Date.now())
    const foreign = await newAuthority('elsewhere.example', Date.now())
    await refused(other.revocationLists, ca, /block 1 is not signed by a CA that is trusted here/)
    await refused(foreign.revocationLists, ca, /block 1 is not signed/)
    await refused((await ca.revocationLists()) + other.revocationLists, ca, /block 3 is not signed/)
  })

  it('refuses a list in which one bit was changed', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const [first = ''] = (await ca.revocationLists()).split(/(?<=-----END X509 CRL-----\n)/)
    const der = Buffer.from(first.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
    for (const position of [30, 90, 120, der.length - 20]) {
      const changed = Buffer.from(der)
      changed[position] = (changed[position] ?? 0) ^ 1
      await refused(pemOf('X509 CRL', changed), ca, /block 1 (is not signed|cannot be read)/)
    }
  })

  it('refuses a file cut short, emptied, or of something else', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const pem = await ca.revocationLists()
    await refused('', ca, /no revocation list/)
    await refused('not PEM', ca, /no revocation list/)
    await refused(pem.slice(0, -40), ca, /cut short/)
    await refused(ca.rootPem, ca, /block 1 is a CERTIFICATE/)
    await refused(pem.replaceAll('X509 CRL', 'CRL'), ca, /block 1 is a CRL/)
    await refused(pemOf('X509 CRL', Buffer.from('garbage')), ca, /block 1 cannot be read/)
    await refused(pem + pem, ca, /block 3 is the second list of one CA/)
  })

  const NUMBER = new Extension('2.5.29.20', false, Buffer.from('020101', 'hex'))
  const next = (): Date => new Date(Date.now() + DAY)

  it('refuses what it does not understand: a critical extension of the list or of an entry', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const delta = new Extension('2.5.29.27', true, Buffer.from('020101', 'hex'))
    const unknown = new Extension('1.2.3.4', true, Buffer.from('020101', 'hex'))
    const entries = [{ serialNumber: '0A', revocationDate: new Date(), extensions: [unknown] }]
    const list = { nextUpdate: next(), extensions: [NUMBER] }
    await refused(
      await signed(ca, { ...list, extensions: [NUMBER, delta] }),
      ca,
      /critical extension 2\.5\.29\.27/,
    )
    await refused(await signed(ca, { ...list, entries }), ca, /critical extension 1\.2\.3\.4/)
    await parseRevocationLists(await signed(ca, list), authorities(ca))
  })

  it('refuses a list without a number, with one below zero, or that does not end', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const negative = new Extension('2.5.29.20', false, Buffer.from('0201ff', 'hex'))
    await refused(await signed(ca, { nextUpdate: next(), extensions: [] }), ca, /has no number/)
    await refused(await signed(ca, { nextUpdate: next(), extensions: [negative] }), ca, /not a non-negative/)
    await refused(await signed(ca, { extensions: [NUMBER] }), ca, /does not say when the next one comes/)
  })

  it('refuses a list that carries the name of another CA than the one that signed it', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const pem = await signed(ca, { issuer: 'CN=Somebody else', nextUpdate: next(), extensions: [NUMBER] })
    await refused(pem, ca, /block 1 is not signed/)
  })

  it('refuses a list signed by a certificate that may not sign lists', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const { certificate, key } = await ca.writeClient('billing', 'ca')
    const template = revocationListTemplate(1n, [], LIFETIME.issuingRevocationList, Date.now())
    const pem = await signRevocationList(template, await openSigner(certificate, key))
    const authority = new X509Certificate(await readFile(certificate))
    await assert.rejects(parseRevocationLists(pem, [authority]), /not signed by a CA/)
  })
})
