import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { appendFile, chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { appendToLedger, ledgerLine, readLedger, withLedger } from '../../src/pki/ledger.ts'
import type { LedgerEntry, LedgerEvent } from '../../src/pki/ledger-event.ts'
import { foldLedger, withDescendants } from '../../src/pki/ledger-state.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const IDENTITY = { trustDomain: 'sallyport.internal', kind: 'service', name: 'billing' } as const

async function lines(ca: TestAuthority): Promise<readonly string[]> {
  return (await readFile(ca.files.ledger, 'utf8')).split('\n').slice(0, -1)
}

async function newEntry(ca: TestAuthority): Promise<LedgerEntry> {
  return (await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)).entry
}

async function serials(ca: TestAuthority): Promise<readonly string[]> {
  return [...(await readLedger(ca.files.ledger)).certificates.keys()]
}

describe('the ledger', () => {
  it('begins with the root and the issuing CA, and goes on with the server', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { certificates } = await readLedger(ca.files.ledger)
    const entries = [...certificates.values()]
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ['root', 'issuing', 'server'],
    )
    assert.equal(entries[0]?.serial, new X509Certificate(ca.rootPem).serialNumber)
    assert.deepEqual(entries[2]?.names, ['localhost', '127.0.0.1', '::1'])
  })

  it('says of a certificate what the certificate says of itself', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const issued = await issueClient(ca.issuer, IDENTITY, LIFETIME.client, NOW)
    const certificate = new X509Certificate(issued.certificate)
    assert.deepEqual(issued.entry, {
      v: 2,
      event: 'issued',
      at: '2026-11-21T10:00:00.000Z',
      kind: 'client',
      serial: certificate.serialNumber,
      names: ['spiffe://sallyport.internal/service/billing'],
      thumbprint: `sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
      notAfter: '2026-11-22T10:00:00.000Z',
      lineage: certificate.serialNumber,
      lineageStartedAt: '2026-11-21T10:00:00.000Z',
    })
    assert.equal(issued.expiresAt, Date.parse('2026-11-22T10:00:00Z'))
  })

  it('reads lines of the first version: each certificate began a line of its own', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { lineage, lineageStartedAt, ...entry } = await newEntry(ca)
    await appendFile(ca.files.ledger, `${JSON.stringify({ ...entry, v: 1 })}\n`)
    const read = (await readLedger(ca.files.ledger)).certificates.get(entry.serial)
    assert.equal(read?.lineage, lineage)
    assert.equal(read?.lineageStartedAt, Date.parse(lineageStartedAt))
  })

  it('keeps every entry when many are appended at once', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const entries = await Promise.all(Array.from({ length: 20 }, async () => await newEntry(ca)))
    await Promise.all(entries.map(async (entry) => await appendToLedger(ca.files.ledger, entry)))
    assert.deepEqual(new Set((await serials(ca)).slice(3)), new Set(entries.map(({ serial }) => serial)))
  })

  it('lets one decide at a time: what it decides on is what the last one left', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const entries = await Promise.all(Array.from({ length: 10 }, async () => await newEntry(ca)))
    const seen = await Promise.all(
      entries.map(
        async (entry) =>
          await withLedger(ca.files.ledger, async ({ state, append }) => {
            await append(entry)
            return state().certificates.size
          }),
      ),
    )
    assert.deepEqual(
      seen.toSorted((one, other) => one - other),
      entries.map((_, index) => 4 + index),
    )
  })

  it('passes over a last line that was cut short, and closes it, so that it spoils no other', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await appendFile(ca.files.ledger, '{"v":1,"event":"iss')
    assert.equal((await serials(ca)).length, 3)
    const entry = await newEntry(ca)
    await appendToLedger(ca.files.ledger, entry)
    assert.deepEqual((await lines(ca)).slice(3), ['{"v":1,"event":"iss #torn', JSON.stringify(entry)])
    assert.deepEqual((await serials(ca)).slice(3), [entry.serial])
  })

  it('counts a last line that lacks only its line break, since it may be a revocation', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const [first, second] = [await newEntry(ca), await newEntry(ca)]
    await appendFile(ca.files.ledger, ledgerLine(first).trimEnd())
    assert.deepEqual((await serials(ca)).slice(3), [first.serial])
    await appendToLedger(ca.files.ledger, second)
    assert.deepEqual((await serials(ca)).slice(3), [first.serial, second.serial])
  })

  it('refuses to be read with a line that was damaged later, and names it', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const entry = await newEntry(ca)
    const whole = (await readFile(ca.files.ledger, 'utf8')) + ledgerLine(entry)
    const damaged = ['{"v":1,"event":"iss\n', '\n', '{"v":3,"event":"issued"}\n', '\0\0\0\n', '[]\n']
    for (const line of damaged) {
      await writeFile(ca.files.ledger, whole.replace(/\n(?=[^\n]*\n$)/, `\n${line}`))
      await assert.rejects(readLedger(ca.files.ledger), /ledger\.jsonl: line 4 is damaged/, line)
      await assert.rejects(
        withLedger(ca.files.ledger, async () => undefined),
        (error) => isSallyportError(error, 'CERTIFICATE_INVALID'),
      )
    }
  })

  it('revives nothing for a line that is there twice, or stands elsewhere than it did', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const [first, second] = [await newEntry(ca), await newEntry(ca)]
    const digest = `sha256:${'a'.repeat(64)}`
    const at = new Date(NOW).toISOString()
    const life = LIFETIME.client
    const [uri = ''] = first.names
    const events: readonly LedgerEvent[] = [
      { v: 2, event: 'token', at, digest, uri, life, expires: first.notAfter },
      { ...first, token: digest },
      { ...second, parent: first.serial },
      { v: 2, event: 'revoked', at, serials: [first.serial], reason: 'keyCompromise', by: 'root' },
    ]
    for (const order of [
      [0, 1, 2, 3, 0, 1],
      [3, 2, 1, 0],
      [2, 3, 0, 1, 3],
    ]) {
      const state = foldLedger(order.flatMap((index) => events[index] ?? []))
      assert.equal(state.certificates.get(first.serial)?.revoked?.reason, 'keyCompromise', String(order))
      assert.equal(state.tokens.get(digest)?.spent, true, String(order))
      assert.deepEqual(
        [...foldLedger(events.slice(0, 2), state).certificates.values()].map(({ revoked }) => revoked?.by),
        [...state.certificates.values()].map(({ revoked }) => revoked?.by),
      )
      const line = withDescendants(
        state,
        [...state.certificates.values()].filter(({ serial }) => serial === first.serial),
      )
      assert.equal(line.length, 2, String(order))
    }
  })

  it('says so when it is not there or cannot be read', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await rm(ca.files.ledger)
    await assert.rejects(readLedger(ca.files.ledger), /cannot be read \(ENOENT\): is the CA made yet/)
    await writeFile(ca.files.ledger, '')
    if (process.getuid?.() === 0) return
    await chmod(ca.files.ledger, 0o000)
    await assert.rejects(readLedger(ca.files.ledger), /cannot be read \(EACCES\): check its rights/)
  })

  it('whatever is cut off its end, and how often, every finished line before stays and later ones count', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const before = await readFile(ca.files.ledger, 'utf8')
    const [torn, good] = [await newEntry(ca), await newEntry(ca)]
    const line = Buffer.from(ledgerLine(torn))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(line.length - 2), { maxLength: 3 }),
        fc.nat(7),
        async (cuts, marker) => {
          // Each writer dies in the middle of its write; the last of them in the middle of closing the one before.
          const closing = ' #torn\n'
          const tail = cuts.map((cut) => line.subarray(0, cut).toString()).filter((text) => text !== '')
          const end = tail.length === 0 ? '' : closing.slice(0, Math.min(marker, closing.length))
          await writeFile(ca.files.ledger, before + tail.join(closing) + end)
          await appendToLedger(ca.files.ledger, good)
          assert.deepEqual((await serials(ca)).slice(3), [good.serial])
        },
      ),
      { numRuns: 50 },
    )
  })
})
