import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { issueClient } from '../../src/pki/issue.ts'
import { appendToLedger } from '../../src/pki/ledger.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const IDENTITY = { trustDomain: 'sallyport.internal', kind: 'service', name: 'billing' } as const

async function lines(ca: TestAuthority): Promise<readonly string[]> {
  return (await readFile(ca.files.ledger, 'utf8')).split('\n').slice(0, -1)
}

describe('the ledger', () => {
  it('begins with the root and the issuing CA, and goes on with the server', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const entries = (await lines(ca)).map((line) => JSON.parse(line))
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ['root', 'issuing', 'server'],
    )
    assert.equal(entries[0].serial, new X509Certificate(ca.rootPem).serialNumber)
    assert.deepEqual(entries[2].names, ['localhost', '127.0.0.1', '::1'])
  })

  it('says of a certificate what the certificate says of itself', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const issued = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)
    const certificate = new X509Certificate(issued.certificate)
    assert.deepEqual(issued.entry, {
      v: 1,
      event: 'issued',
      at: '2026-11-21T10:00:00.000Z',
      kind: 'client',
      serial: certificate.serialNumber,
      names: ['spiffe://sallyport.internal/service/billing'],
      thumbprint: `sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
      notAfter: '2026-11-22T10:00:00.000Z',
    })
    assert.equal(issued.expiresAt, Date.parse('2026-11-22T10:00:00Z'))
  })

  it('keeps every entry when many are appended at once', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const issued = await Promise.all(
      Array.from({ length: 20 }, async () => await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)),
    )
    await Promise.all(issued.map(async ({ entry }) => await appendToLedger(ca.files.ledger, entry)))
    const serials = (await lines(ca)).slice(3).map((line) => JSON.parse(line).serial)
    assert.deepEqual(new Set(serials), new Set(issued.map(({ entry }) => entry.serial)))
    assert.equal(serials.length, issued.length)
  })

  it('closes a last line that was cut short, so that it spoils no other', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await appendFile(ca.files.ledger, '{"v":1,"event":"iss')
    const { entry } = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)
    await appendToLedger(ca.files.ledger, entry)
    assert.deepEqual((await lines(ca)).slice(3), ['{"v":1,"event":"iss', JSON.stringify(entry)])
  })
})
