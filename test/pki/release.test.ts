import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { clientFiles } from '../../src/pki/files.ts'
import { issueClient, type IssuedPair } from '../../src/pki/issue.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { release, releaseOver } from '../../src/pki/release.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function issue(ca: TestAuthority): Promise<IssuedPair> {
  const identity = { trustDomain: ca.trustDomain, kind: 'service', name: 'billing' } as const
  return await issueClient(ca.issuer, identity, LIFETIME.client, Date.now())
}

/** Makes every append to the ledger fail. */
async function breakLedger(ca: TestAuthority): Promise<void> {
  await rm(ca.files.ledger)
  await mkdir(ca.files.ledger)
}

describe('releasing a certificate', () => {
  it('writes a pair that belongs together, the key for its owner alone', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const files = clientFiles(ca.certs, 'billing')
    await release(ca.certs, files, await issue(ca))
    const certificate = new X509Certificate(await readFile(files.certificate))
    assert.equal(certificate.checkIssued(new X509Certificate(ca.issuingPem)), true)
    assert.equal((await stat(files.key)).mode & 0o777, 0o600)
  })

  it('writes nothing if the ledger cannot be written first', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const files = clientFiles(ca.certs, 'billing')
    const issued = await issue(ca)
    await breakLedger(ca)
    await assert.rejects(release(ca.certs, files, issued), /the ledger .* cannot be read \(EISDIR\)/)
    assert.equal(existsSync(files.directory), false)
  })

  it('replaces nothing if the ledger cannot be written first', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const files = await ca.writeClient('billing')
    const before = [await readFile(files.certificate, 'utf8'), await readFile(files.key, 'utf8')]
    const issued = await issue(ca)
    await breakLedger(ca)
    await assert.rejects(releaseOver(ca.certs, files, issued), /the ledger .* cannot be read \(EISDIR\)/)
    assert.deepEqual([await readFile(files.certificate, 'utf8'), await readFile(files.key, 'utf8')], before)
  })

  it('is won by exactly one of two at once; the ledger knows both, the files are one pair', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t))
    const files = clientFiles(ca.certs, 'billing')
    const both = [await issue(ca), await issue(ca)]
    const outcomes = await Promise.allSettled(
      both.map(async (issued) => await release(ca.certs, files, issued)),
    )
    const won = outcomes.findIndex(({ status }) => status === 'fulfilled')
    const [lost, ...more] = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason] : [],
    )
    assert.ok(isSallyportError(lost, 'FILE_EXISTS'))
    assert.equal(more.length, 0)
    assert.equal(await readFile(files.certificate, 'utf8'), both[won]?.certificate)
    assert.equal(await readFile(files.key, 'utf8'), both[won]?.key)
    const ledger = await readFile(ca.files.ledger, 'utf8')
    for (const { entry } of both) assert.ok(ledger.includes(entry.serial))
  })
})
