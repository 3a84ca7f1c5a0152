import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { parseRevocationLists, type RevocationList } from '../../src/pki/read-crl.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { resignRevocationLists } from '../../src/pki/resign.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const DAY = 86_400_000

async function lists(ca: TestAuthority): Promise<readonly RevocationList[]> {
  const authorities = [ca.issuingPem, ca.rootPem].map((pem) => new X509Certificate(pem))
  return await parseRevocationLists(await readFile(ca.files.revocationLists, 'utf8'), authorities)
}

describe('signing revocation lists anew', () => {
  it('leaves them alone before a third of their life', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const before = await ca.revocationLists()
    assert.deepEqual(await resignRevocationLists(ca.certs, NOW + 9 * DAY), {
      issuing: 'fresh',
      root: 'fresh',
    })
    assert.equal(await ca.revocationLists(), before)
  })

  it('signs the issuing CA’s after ten days: next number, same entries, root’s untouched', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await ca.client('billing', 'revoked')
    const [issuing, root] = await lists(ca)
    const later = NOW + 10 * DAY
    assert.deepEqual(await resignRevocationLists(ca.certs, later), { issuing: 'signed', root: 'fresh' })
    const [issuingAfter, rootAfter] = await lists(ca)
    assert.equal(issuingAfter?.number, (issuing?.number ?? 0n) + 1n)
    assert.equal(issuingAfter?.nextUpdate, later + LIFETIME.issuingRevocationList)
    assert.deepEqual(issuingAfter?.entries, issuing?.entries)
    assert.equal(issuingAfter?.entries.length, 1)
    assert.equal(rootAfter?.thisUpdate, root?.thisUpdate)
  })

  it('signs both when both are due, also after their end', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    assert.deepEqual(await resignRevocationLists(ca.certs, NOW + 400 * DAY), {
      issuing: 'signed',
      root: 'signed',
    })
    assert.deepEqual(
      (await lists(ca)).map(({ number }) => number),
      [2n, 2n],
    )
  })

  it('says so when a list is due and the key is not here', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await rm(ca.files.rootKey)
    assert.deepEqual(await resignRevocationLists(ca.certs, NOW + 130 * DAY), {
      issuing: 'signed',
      root: 'no-key',
    })
    assert.deepEqual(
      (await lists(ca)).map(({ number }) => number),
      [2n, 1n],
    )
  })

  it('never starts over: a file that is broken, or lacks a list, is refused and stays', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const pem = await ca.revocationLists()
    for (const broken of ['garbage', pem.slice(pem.indexOf('-----BEGIN', 1))]) {
      await writeFile(ca.files.revocationLists, broken)
      await assert.rejects(resignRevocationLists(ca.certs, NOW), (error) =>
        isSallyportError(error, 'CERTIFICATE_INVALID'),
      )
      assert.equal(await ca.revocationLists(), broken)
    }
  })
})
