import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSallyportError } from '../../src/errors.ts'
import { parseRevocationLists, type RevocationList } from '../../src/pki/read-crl.ts'
import { issueClient } from '../../src/pki/issue.ts'
import { appendToLedger, ledgerLine, readLedger } from '../../src/pki/ledger.ts'
import type { LedgerEntry } from '../../src/pki/ledger-event.ts'
import { foldLedger, withDescendants } from '../../src/pki/ledger-state.ts'
import type { PrincipalKind } from '../../src/pki/name.ts'
import { LIFETIME } from '../../src/pki/profile.ts'
import { resignRevocationLists } from '../../src/pki/resign.ts'
import { revoke, type Selection } from '../../src/pki/revoke.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR

async function issued(
  ca: TestAuthority,
  name: string,
  { kind = 'service', parent, at = NOW }: { kind?: PrincipalKind; parent?: LedgerEntry; at?: number } = {},
): Promise<LedgerEntry> {
  const identity = { trustDomain: ca.trustDomain, kind, name }
  const { entry } = await issueClient(ca.issuer, identity, LIFETIME.client, at)
  const descent = parent === undefined ? {} : { lineage: parent.lineage, parent: parent.serial }
  await appendToLedger(ca.files.ledger, { ...entry, ...descent })
  return { ...entry, ...descent }
}

async function issuingList(ca: TestAuthority): Promise<RevocationList> {
  const authorities = [new X509Certificate(ca.issuingPem), new X509Certificate(ca.rootPem)]
  const [list] = await parseRevocationLists(await ca.revocationLists(), authorities)
  assert.ok(list)
  return list
}

const revocation = (selection: Selection) => ({ selection, reason: 'keyCompromise', by: 'test' }) as const

describe('revoking', () => {
  it('puts a certificate into the ledger and on the list at once, with its reason', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const [billing, other] = [await issued(ca, 'billing'), await issued(ca, 'other')]
    const result = await revoke(ca.certs, revocation({ serial: billing.serial.toLowerCase() }), NOW + HOUR)
    const spki = new X509Certificate(ca.issuingPem).publicKey.export({ format: 'der', type: 'spki' })
    assert.deepEqual(result, {
      certificates: [
        {
          issuer: createHash('sha256').update(spki).digest('hex'),
          serial: billing.serial,
          until: Date.parse(billing.notAfter),
          principal: 'service:billing',
        },
      ],
      list: 'fresh',
    })
    const list = await issuingList(ca)
    assert.deepEqual(list.entries, [{ serial: billing.serial, at: NOW + HOUR, reason: 'keyCompromise' }])
    assert.equal(list.number, 2n)
    const { certificates } = await readLedger(ca.files.ledger)
    assert.deepEqual(certificates.get(billing.serial)?.revoked, {
      at: NOW + HOUR,
      reason: 'keyCompromise',
      by: 'test',
    })
    assert.equal(certificates.get(other.serial)?.revoked, undefined)
  })

  it('is understood by openssl, every reason of it', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const reasons = ['unspecified', 'superseded', 'cessationOfOperation', 'affiliationChanged'] as const
    for (const reason of reasons) {
      const { serial } = await issued(ca, reason.toLowerCase())
      await revoke(ca.certs, { selection: { serial }, reason, by: 'test' }, NOW)
    }
    const { ok, output } = openssl('crl', '-in', ca.files.revocationLists, '-text', '-noout')
    assert.equal(ok, true, output)
    for (const words of [/Unspecified/, /Superseded/, /Cessation Of Operation/, /Affiliation Changed/])
      assert.match(output, words)
  })

  it('ends all that renewed it, and nothing that it renewed', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const first = await issued(ca, 'billing')
    const second = await issued(ca, 'billing', { parent: first })
    const third = await issued(ca, 'billing', { parent: second })
    const other = await issued(ca, 'billing')
    await revoke(ca.certs, revocation({ serial: second.serial }), NOW)
    assert.deepEqual((await issuingList(ca)).revoked, new Set([second.serial, third.serial]))
    await revoke(ca.certs, revocation({ name: 'billing' }), NOW)
    assert.equal((await issuingList(ca)).revoked.has(other.serial), true)
  })

  it('ends the living descendants of one that has expired', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const first = await issued(ca, 'billing')
    const second = await issued(ca, 'billing', { parent: first, at: NOW + 20 * HOUR })
    const { certificates } = await revoke(ca.certs, revocation({ serial: first.serial }), NOW + 30 * HOUR)
    assert.deepEqual(
      certificates.map(({ serial }) => serial),
      [second.serial],
    )
  })

  it('of a principal takes all of its certificates and no namesake of another kind', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const service = [await issued(ca, 'alice'), await issued(ca, 'alice')]
    const user = await issued(ca, 'alice', { kind: 'user' })
    await assert.rejects(
      revoke(ca.certs, revocation({ name: 'alice' }), NOW),
      /"alice" is the name of service:alice and user:alice: say which with --principal/,
    )
    await revoke(ca.certs, revocation({ principal: 'service:alice' }), NOW)
    const { revoked } = await issuingList(ca)
    assert.deepEqual(revoked, new Set(service.map(({ serial }) => serial)))
    assert.equal(revoked.has(user.serial), false)
  })

  it('refuses what it does not know, what has expired, and a CA', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { serial } = await issued(ca, 'billing')
    const refused: [Selection, number][] = [
      [{ name: 'nobody' }, NOW],
      [{ serial: '00' }, NOW],
      [{ serial }, NOW + 2 * DAY],
      [{ serial: new X509Certificate(ca.issuingPem).serialNumber }, NOW],
    ]
    const before = await readFile(ca.files.ledger, 'utf8')
    for (const [selection, at] of refused)
      await assert.rejects(revoke(ca.certs, revocation(selection), at), (error) =>
        isSallyportError(error, 'NOT_FOUND'),
      )
    assert.equal(await readFile(ca.files.ledger, 'utf8'), before)
  })

  it('with a clock that is a day ahead says what the clock says, and with one behind revokes', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { serial } = await issued(ca, 'billing')
    const before = await readFile(ca.files.ledger, 'utf8')
    await assert.rejects(
      revoke(ca.certs, revocation({ serial }), NOW + DAY),
      /all of it has expired already, if the clock is right \(2026-11-22T10:00:00\.000Z\)/,
    )
    assert.equal(await readFile(ca.files.ledger, 'utf8'), before)
    assert.equal((await revoke(ca.certs, revocation({ serial }), NOW - DAY)).list, 'fresh')
    assert.equal((await issuingList(ca)).revoked.has(serial), true)
  })

  it('done again names the same certificates, and changes neither ledger nor list', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    await issued(ca, 'billing')
    const first = await revoke(ca.certs, revocation({ name: 'billing' }), NOW)
    const before = [await readFile(ca.files.ledger, 'utf8'), await ca.revocationLists()]
    assert.deepEqual(await revoke(ca.certs, revocation({ name: 'billing' }), NOW), first)
    assert.deepEqual([await readFile(ca.files.ledger, 'utf8'), await ca.revocationLists()], before)
  })

  it('is in the ledger without the key here, says so, and comes on the list where the key is', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { serial } = await issued(ca, 'billing')
    const key = await readFile(ca.files.issuingKey)
    await rm(ca.files.issuingKey)
    const { list, certificates } = await revoke(ca.certs, revocation({ serial }), NOW)
    assert.equal(list, 'no-key')
    assert.equal(certificates.length, 1)
    assert.equal((await issuingList(ca)).revoked.size, 0)
    await writeFile(ca.files.issuingKey, key, { mode: 0o600 })
    assert.equal((await resignRevocationLists(ca.certs, NOW)).issuing, 'signed')
    assert.deepEqual((await issuingList(ca)).revoked, new Set([serial]))
    assert.equal((await resignRevocationLists(ca.certs, NOW)).issuing, 'fresh')
  })

  it('stands when the list cannot be written, and says why', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { serial } = await issued(ca, 'billing')
    await writeFile(ca.files.revocationLists, 'garbage')
    const { list, certificates } = await revoke(ca.certs, revocation({ serial }), NOW)
    assert.ok(typeof list === 'object' && /no revocation list in it/.test(list.problem), JSON.stringify(list))
    assert.equal(certificates.length, 1)
    assert.ok((await readLedger(ca.files.ledger)).certificates.get(serial)?.revoked)
  })

  it('of two at once loses none, and never signs a number twice', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const entries = [await issued(ca, 'a'), await issued(ca, 'b'), await issued(ca, 'c')]
    await Promise.all(entries.map(async ({ serial }) => await revoke(ca.certs, revocation({ serial }), NOW)))
    const list = await issuingList(ca)
    assert.deepEqual(list.revoked, new Set(entries.map(({ serial }) => serial)))
    assert.equal(list.number, 4n)
  })

  it('refuses a damaged ledger, since nobody knows what it said', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { serial } = await issued(ca, 'billing')
    await appendFile(ca.files.ledger, 'rubbish\n')
    await assert.rejects(revoke(ca.certs, revocation({ serial }), NOW), /line 5 is damaged/)
  })
})

describe('the next revocation list', () => {
  it('never gets a number that one had before, also when crl.pem is put back from a copy', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const copy = await ca.revocationLists()
    const [first, second] = [await issued(ca, 'a'), await issued(ca, 'b')]
    await revoke(ca.certs, revocation({ serial: first.serial }), NOW)
    await writeFile(ca.files.revocationLists, copy)
    await revoke(ca.certs, revocation({ serial: second.serial }), NOW)
    const list = await issuingList(ca)
    assert.equal(list.number, 3n)
    assert.deepEqual(list.revoked, new Set([first.serial, second.serial]))
  })

  it('keeps an entry on one list beyond the end of its certificate, and what the ledger never knew for good', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const unknown = new X509Certificate((await ca.client('unknown', 'revoked')).cert).serialNumber
    const { serial } = await issued(ca, 'billing')
    await revoke(ca.certs, revocation({ serial }), NOW)
    for (const [day, entries] of [
      [11, [unknown, serial]],
      [22, [unknown]],
      [33, [unknown]],
    ] as const) {
      await resignRevocationLists(ca.certs, NOW + day * DAY)
      assert.deepEqual((await issuingList(ca)).revoked, new Set(entries), `after ${day} days`)
    }
  })

  it('takes an entry up again that went while the clock was wrong', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { serial } = await issued(ca, 'billing')
    await revoke(ca.certs, revocation({ serial }), NOW)
    await resignRevocationLists(ca.certs, NOW + 400 * DAY)
    await resignRevocationLists(ca.certs, NOW + 800 * DAY)
    assert.equal((await issuingList(ca)).revoked.has(serial), false)
    await resignRevocationLists(ca.certs, NOW + HOUR)
    assert.equal((await issuingList(ca)).revoked.has(serial), true)
  })
})

describe('descent', () => {
  it('finds exactly what can be reached from parent to child', async (t) => {
    const ca = await testAuthority(await temporaryDirectory(t), { now: NOW })
    const { entry } = await issueClient(
      ca.issuer,
      { trustDomain: ca.trustDomain, kind: 'service', name: 'billing' },
      LIFETIME.client,
      NOW,
    )
    const serialOf = (index: number): string => index.toString(16).toUpperCase().padStart(4, '0')
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 30 }), fc.nat(29), (parents, chosen) => {
        // Each renews an earlier one, or none.
        const above = parents.map((parent, index) => (parent < index ? parent : undefined))
        const events = above.map((parent, index) => ({
          ...entry,
          serial: serialOf(index),
          ...(parent === undefined ? {} : { parent: serialOf(parent) }),
        }))
        const state = foldLedger(events)
        assert.deepEqual(state, foldLedger(events.slice(3), foldLedger(events.slice(0, 3))))
        const start = state.certificates.get(serialOf(chosen))
        const reaches = (index: number | undefined): boolean =>
          index !== undefined && (index === chosen || reaches(above[index]))
        assert.deepEqual(
          withDescendants(state, start === undefined ? [] : [start]).map(({ serial }) => serial),
          start === undefined ? [] : above.flatMap((_, index) => (reaches(index) ? [serialOf(index)] : [])),
        )
      }),
    )
    assert.ok(ledgerLine(entry).endsWith('\n'))
  })
})
