import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import type { CertificateFiles } from '../../src/pki/files.ts'
import type { Announce, Issuance } from '../../src/pki/issuance.ts'
import { issueClient, type Issued } from '../../src/pki/issue.ts'
import { BACKDATING, LIFETIME } from '../../src/pki/profile.ts'
import { filesAreDue, isDueForRenewal, renewClient, renewServer } from '../../src/pki/renew.ts'
import { forged, testAuthority, type ClientVariation, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const HOUR = 3_600_000

async function certificateAt(files: CertificateFiles): Promise<X509Certificate> {
  return new X509Certificate(await readFile(files.certificate))
}

const unheard: Announce = async () => {}

function issuance(ca: TestAuthority, announce: Announce): Issuance {
  return { certs: ca.certs, signer: ca.issuer, announce }
}

function invalid(error: unknown): boolean {
  return isSallyportError(error, 'CERTIFICATE_INVALID')
}

describe('whether a certificate is due for renewal', () => {
  it('begins at two thirds of its life and does not stop at its end', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const certificate = new X509Certificate((await ca.client('billing')).cert)
    const begin = NOW - BACKDATING
    const due = begin + ((LIFETIME.client + BACKDATING) * 2) / 3
    assert.equal(isDueForRenewal(certificate, NOW), false)
    assert.equal(isDueForRenewal(certificate, due - 1000), false)
    assert.equal(isDueForRenewal(certificate, due), true)
    assert.equal(isDueForRenewal(certificate, NOW + 100 * HOUR), true)
  })

  it('is answered for files, and true for a pair that does not belong together', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing')
    assert.equal(await filesAreDue(files, NOW), false)
    assert.equal(await filesAreDue(files, NOW + 17 * HOUR), true)
    await writeFile(files.key, (await ca.client('other')).key)
    assert.equal(await filesAreDue(files, NOW), true)
    await writeFile(files.key, 'garbage')
    assert.equal(await filesAreDue(files, NOW), true)
  })

  it('cannot be answered without a certificate', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const files = await ca.writeClient('billing')
    await writeFile(files.certificate, 'garbage')
    await assert.rejects(filesAreDue(files, NOW), invalid)
  })
})

describe('renewing a client', () => {
  it('keeps identity and length of life, with a new key and serial, at the same place', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing', 'good', 'agent')
    const before = await certificateAt(files)
    const later = NOW + 20 * HOUR
    const renewed = await renewClient(issuance(ca, unheard), 'billing', later)
    const after = await certificateAt(files)
    assert.equal(after.subjectAltName, before.subjectAltName)
    assert.equal(after.validToDate.getTime(), later + LIFETIME.client)
    assert.equal(renewed.expiresAt, later + LIFETIME.client)
    assert.notEqual(after.serialNumber, before.serialNumber)
    const key = createPrivateKey(await readFile(files.key))
    assert.equal(after.checkPrivateKey(key), true)
    assert.equal(before.checkPrivateKey(key), false)
    assert.equal((await stat(files.key)).mode & 0o777, 0o600)
    assert.match(await readFile(ca.files.ledger, 'utf8'), new RegExp(after.serialNumber))
  })

  it('does so after its end, too', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing')
    await renewClient(issuance(ca, unheard), 'billing', NOW + 1000 * HOUR)
    assert.equal((await certificateAt(files)).validToDate.getTime(), NOW + 1024 * HOUR)
  })

  const refused: readonly ClientVariation[] = ['revoked', 'other-ca', 'no-uri', 'two-uris', 'bad-name']
  for (const variation of refused)
    it(`is refused for one that is ${variation}, and the files stay`, async (t) => {
      const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
      const files = await ca.writeClient('billing', variation)
      const before = await readFile(files.certificate, 'utf8')
      await assert.rejects(renewClient(issuance(ca, unheard), 'billing', NOW), invalid)
      assert.equal(await readFile(files.certificate, 'utf8'), before)
    })

  it('is refused for a certificate whose signature is not ours', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing')
    await writeFile(files.certificate, forged((await ca.client('billing')).cert))
    await assert.rejects(renewClient(issuance(ca, unheard), 'billing', NOW), /was not issued by the CA here/)
  })

  it('shortens a life that is longer than any may be', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing')
    const identity = { trustDomain: ca.trustDomain, kind: 'service', name: 'billing' } as const
    await writeFile(
      files.certificate,
      (await issueClient(ca.issuer, identity, 2 * LIFETIME.longestClient, NOW)).certificate,
    )
    const { expiresAt } = await renewClient(issuance(ca, unheard), 'billing', NOW)
    assert.equal(expiresAt, NOW + LIFETIME.longestClient)
  })

  it('is refused for a certificate of another client in its place', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing')
    await writeFile(files.certificate, (await ca.client('admin')).cert)
    await assert.rejects(
      renewClient(issuance(ca, unheard), 'billing', NOW),
      /does not name the client "billing"/,
    )
  })

  it('changes nothing if it cannot be put on record', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const files = await ca.writeClient('billing')
    const before = await readFile(files.certificate, 'utf8')
    const announced: string[] = []
    const refuse = async ({ entry }: Issued): Promise<void> => {
      announced.push(entry.serial)
      throw new Error('no room')
    }
    await assert.rejects(renewClient(issuance(ca, refuse), 'billing', NOW), /no room/)
    assert.equal(announced.length, 1)
    assert.equal(await readFile(files.certificate, 'utf8'), before)
    assert.doesNotMatch(await readFile(ca.files.ledger, 'utf8'), new RegExp(announced[0] ?? 'none'))
  })

  it('says so when there is none', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    await assert.rejects(renewClient(issuance(ca, unheard), 'nobody', NOW), (error) =>
      isSallyportError(error, 'NOT_FOUND'),
    )
  })
})

describe('renewing the server', () => {
  it('keeps its names, with a new key', async (t) => {
    const names = ['mcp.example.internal', '10.0.0.1']
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW, serverNames: names })
    const before = await certificateAt(ca.serverFiles)
    const later = NOW + LIFETIME.server
    assert.equal(await filesAreDue(ca.serverFiles, later), true)
    await renewServer(issuance(ca, unheard), later)
    assert.equal(await filesAreDue(ca.serverFiles, later), false)
    const after = await certificateAt(ca.serverFiles)
    assert.equal(after.subjectAltName, before.subjectAltName)
    assert.notEqual(after.fingerprint256, before.fingerprint256)
  })
})
