import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { revocationName, type Revoked, type RevokedCertificate } from '../../src/auth/revocation.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore, StoreBackdoor } from './store-under-test.ts'

const DAY = 24 * 60 * 60 * 1000
const ISSUER = randomBytes(32).toString('hex')
const revoked = (until = Date.now() + DAY, issuer = ISSUER): RevokedCertificate => ({
  kind: 'certificate',
  issuer,
  serial: randomBytes(16).toString('hex').toUpperCase(),
  until,
})
const sorted = (entries: readonly Revoked[]) =>
  entries.toSorted((one, other) => (revocationName(one) < revocationName(other) ? -1 : 1))

export function revocationsContract(open: OpenStore, backdoor: StoreBackdoor): void {
  describe('revocations', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const since = async (epoch: number) => other.revocations.read(epoch)
    const includes = (entries: readonly Revoked[], wanted: Revoked): boolean =>
      entries.some((entry) => revocationName(entry) === revocationName(wanted))

    test('what is revoked is read on every connection, under a higher epoch', async () => {
      const earlier = await since(0)
      const [one, two] = [revoked(), revoked(Date.now() + DAY, randomBytes(32).toString('hex'))]
      await store.revocations.revoke([one, two])
      const reading = await since(earlier.epoch)
      assert.ok(reading.epoch > earlier.epoch)
      assert.equal(reading.run, earlier.run)
      assert.deepEqual(sorted(reading.entries), sorted([one, two]))
    })

    test('a reader is told only of what came after', async () => {
      const [one, two] = [revoked(), revoked()]
      await store.revocations.revoke([one])
      const { epoch } = await since(0)
      assert.deepEqual((await since(epoch)).entries, [])
      await store.revocations.revoke([two])
      assert.deepEqual((await since(epoch)).entries, [two])
      const { entries } = await since(0)
      assert.ok(includes(entries, one) && includes(entries, two))
    })

    test('an epoch that is ahead of the store is told so, and nothing else', async () => {
      const { epoch } = await since(0)
      const ahead = await since(epoch + 1_000)
      assert.deepEqual([ahead.epoch, ahead.entries], [epoch, []])
    })

    test('revoking again is told again, and never shortens', async () => {
      const one = revoked()
      await store.revocations.revoke([one])
      const { epoch } = await since(0)
      await store.revocations.revoke([{ ...one, until: one.until - 1 }])
      const again = await since(epoch)
      assert.ok(again.epoch > epoch && includes(again.entries, one))
      const longest = (await since(0)).entries.filter((entry) => includes([one], entry))
      assert.equal(Math.max(...longest.map(({ until }) => until)), one.until)
    })

    test('the same serial of another CA is another certificate', async () => {
      const one = revoked()
      const namesake = { ...one, issuer: randomBytes(32).toString('hex') }
      await store.revocations.revoke([one])
      assert.equal(includes((await since(0)).entries, namesake), false)
      await store.revocations.revoke([namesake])
      const { entries } = await since(0)
      assert.ok(includes(entries, one) && includes(entries, namesake))
    })

    test('sessions, users and accounts are kept beside certificates, and restored like them', async () => {
      const { epoch } = await since(0)
      const until = Date.now() + DAY
      const name = `u-${randomBytes(8).toString('hex')}`
      const all: readonly Revoked[] = [
        revoked(),
        { kind: 'session', digest: randomBytes(32).toString('hex'), until },
        { kind: 'user', user: name, epoch: 3, until },
        { kind: 'user', user: `corp.example/${name}@Example.com`, epoch: 0, until },
        { kind: 'account', user: name, epoch: 3, disabled: true, until },
        { kind: 'account', user: `corp.example/${name}`, epoch: 4, disabled: false, until },
      ]
      await store.revocations.revoke(all)
      assert.deepEqual(sorted((await since(epoch)).entries), sorted(all))
      const higher: Revoked = { kind: 'account', user: name, epoch: 4, disabled: false, until }
      const read = await since(0)
      await store.revocations.restore([...all, higher], read.epoch)
      assert.deepEqual((await since(read.epoch)).entries, [higher])
    })

    test('what could not be read again is not taken', async () => {
      const until = Date.now() + DAY
      const faulty: readonly Revoked[] = [
        { kind: 'session', digest: 'ab', until },
        { kind: 'user', user: 'a:b', epoch: 1, until },
        { kind: 'user', user: 'alice', epoch: 1.5, until },
        { kind: 'account', user: 'alice:1', epoch: 1, disabled: true, until },
        { kind: 'account', user: 'alice', epoch: -1, disabled: true, until },
        { kind: 'user', user: 'alice', epoch: 1, until: NaN },
        { ...revoked(), serial: 'session' },
      ]
      const { epoch } = await since(0)
      for (const entry of faulty) await assert.rejects(store.revocations.revoke([entry]))
      assert.deepEqual((await since(epoch)).entries, [])
    })

    test('of 20 revocations at the same time none is lost', async () => {
      const { epoch } = await since(0)
      const all = Array.from({ length: 20 }, () => revoked())
      await Promise.all(all.map(async (one, at) => (at % 2 === 0 ? store : other).revocations.revoke([one])))
      const reading = await since(epoch)
      assert.equal(reading.epoch, epoch + 20)
      assert.deepEqual(sorted(reading.entries), sorted(all))
    })

    test('thousands at once', async () => {
      const { epoch } = await since(0)
      const all = Array.from({ length: 3_000 }, () => revoked())
      await store.revocations.revoke(all)
      assert.deepEqual(sorted((await since(epoch)).entries), sorted(all))
    })

    test('what ended long ago is forgotten in passing, what ended just now is not', async () => {
      const [old, recent, one] = [revoked(Date.now() - 3 * DAY), revoked(Date.now() - DAY), revoked()]
      await store.revocations.revoke([old, recent])
      await store.revocations.revoke([one])
      const { entries } = await since(0)
      assert.deepEqual(
        [old, recent, one].map((wanted) => includes(entries, wanted)),
        [false, true, true],
      )
    })

    test('restoring puts back what is not there, and tells of nothing else', async () => {
      const [kept, lost] = [revoked(), revoked()]
      await store.revocations.revoke([kept])
      const earlier = await since(0)
      await store.revocations.restore([kept], earlier.epoch)
      assert.deepEqual(await since(earlier.epoch), { ...earlier, entries: [] })
      await store.revocations.restore([kept, lost], earlier.epoch)
      const reading = await since(earlier.epoch)
      assert.equal(reading.run, earlier.run)
      assert.deepEqual(reading.entries, [lost])
    })

    test('restoring lifts an epoch that fell, and every reader sees that it has to read all anew', async () => {
      await store.revocations.revoke([revoked()])
      const earlier = await since(0)
      const unseen = revoked()
      await backdoor.setRevocationEpoch(1)
      await store.revocations.revoke([unseen])
      assert.ok((await since(earlier.epoch)).epoch < earlier.epoch)
      await store.revocations.restore([], earlier.epoch)
      const healed = await since(0)
      assert.ok(healed.epoch > earlier.epoch)
      assert.notEqual(healed.run, earlier.run)
      assert.ok(includes(healed.entries, unseen))
      await other.revocations.restore([], earlier.epoch)
      assert.equal((await since(0)).run, healed.run)
    })

    test('who subscribed is told of a revocation and of what is restored, until it stops', async () => {
      let heard = Promise.withResolvers<void>()
      const stop = store.revocations.subscribe(() => heard.resolve())
      // A subscription that is new says so once by itself, where it has a connection of its own.
      await store.revocations.revoke([revoked()])
      await heard.promise
      heard = Promise.withResolvers()
      await store.revocations.revoke([revoked()])
      await heard.promise
      heard = Promise.withResolvers()
      await store.revocations.restore([revoked()], 0)
      await heard.promise
      stop()
      stop()
    })
  })
}
