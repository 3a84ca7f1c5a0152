import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isSealed } from '../../src/auth/session-record.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import type { User } from '../../src/login/user.ts'
import type { Store } from '../../src/store/store.ts'
import { newSession, newUser, SEAL, type TestSession } from '../support/session-records.ts'
import type { OpenStore, StoreBackdoor } from './store-under-test.ts'
import { raceSessions } from './session-races.ts'

const NOW = 1_763_712_000_000

export function sessionsContract(open: OpenStore, backdoor: StoreBackdoor): void {
  describe('sessions', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const created = async (fields: Partial<User> = {}): Promise<User> => {
      const user = newUser(fields)
      assert.equal(await store.users.create(user), true)
      return user
    }
    const opened = async (
      user: User,
      fields: Parameters<typeof newSession>[2] = {},
    ): Promise<TestSession> => {
      const session = newSession(user, NOW, fields)
      assert.ok(await store.sessions.open(session.record, NOW + 1_000, undefined, NOW, 20))
      return session
    }
    const validated = (session: TestSession, now: number) =>
      other.sessions.validate(session.digest, session.slot, now)

    test('a session comes back sealed as it was opened, on every connection', async () => {
      const user = await created({ epoch: 12 })
      for (const fields of [
        {},
        { mfaAt: NOW - 5, label: '', userAgent: '' },
        { pending: 'change_password' },
      ] as const) {
        const session = await opened(user, fields)
        const live = await validated(session, NOW)
        assert.deepEqual(live, {
          record: session.record,
          idleExpiresAt: NOW + 1_000,
          lastSeenAt: NOW,
        })
        assert.ok(live !== undefined && isSealed(live.record, SEAL))
      }
    })

    test('a session that was never opened is not live', async () => {
      assert.equal(await validated(newSession(await created(), NOW), NOW), undefined)
    })

    test('each use slides the idle end, up to the absolute end and never back', async () => {
      const session = await opened(await created(), { expiresAt: NOW + 2_500 })
      const slides = [
        [NOW + 900, NOW + 1_900],
        [NOW + 500, NOW + 1_900],
        [NOW + 1_899, NOW + 2_500],
        [NOW + 2_499, NOW + 2_500],
      ] as const
      let seen = 0
      for (const [now, idleExpiresAt] of slides) {
        const live = await validated(session, now)
        assert.equal(live?.idleExpiresAt, idleExpiresAt)
        seen = Math.max(seen, now)
        assert.equal(live.lastSeenAt, seen)
      }
      assert.equal(await validated(session, NOW + 2_500), undefined)
    })

    test('the idle end it is opened with is capped by the absolute end', async () => {
      const session = newSession(await created(), NOW, { expiresAt: NOW + 100 })
      assert.ok(await store.sessions.open(session.record, NOW + 1_000, undefined, NOW, 20))
      assert.equal((await validated(session, NOW))?.idleExpiresAt, NOW + 100)
    })

    test('a session ends at its idle end, to the millisecond, and stays ended', async () => {
      const session = await opened(await created())
      assert.ok(await validated(session, NOW + 999))
      assert.equal(await validated(session, NOW + 1_999), undefined)
      const unused = await opened(await created())
      assert.equal(await validated(unused, NOW + 1_000), undefined)
    })

    test('a session that has already ended is not opened', async () => {
      const user = await created()
      for (const [idle, fields] of [
        [NOW, {}],
        [NOW + 1_000, { expiresAt: NOW }],
      ] as const) {
        const session = newSession(user, NOW, fields)
        assert.equal(await store.sessions.open(session.record, idle, undefined, NOW, 20), undefined)
        assert.equal(await validated(session, NOW - 1), undefined)
      }
    })

    test('no session is opened for a user who is unknown, disabled or of another epoch', async () => {
      const users = [newUser(), await created({ disabled: true })]
      const user = await created({ epoch: 5 })
      for (const session of [
        ...users.map((one) => newSession(one, NOW)),
        newSession(user, NOW, { epoch: 4 }),
        newSession(user, NOW, { epoch: 6 }),
      ]) {
        assert.equal(await store.sessions.open(session.record, NOW + 1_000, undefined, NOW, 20), undefined)
        assert.equal(await validated(session, NOW), undefined)
      }
    })

    test('the sessions of a user who is disabled are not live', async () => {
      const user = await created()
      const session = await opened(user)
      await backdoor.disable(user.name)
      assert.equal(await validated(session, NOW), undefined)
    })

    test('an idle end that somebody moved beyond the absolute end changes nothing', async () => {
      const session = await opened(await created())
      await backdoor.setIdleEnd(session, NOW + 1_000_000)
      assert.ok(await validated(session, NOW + 9_999))
      assert.equal(await validated(session, NOW + 10_000), undefined)
    })

    test('the same token is not opened twice', async () => {
      const session = await opened(await created())
      assert.equal(await store.sessions.open(session.record, NOW + 9_000, undefined, NOW, 20), undefined)
      assert.equal((await validated(session, NOW))?.idleExpiresAt, NOW + 1_000)
    })

    test('a new password ends every session of the user and of nobody else', async () => {
      const user = await created()
      const sessions = [await opened(user), await opened(user)]
      const stranger = await opened(await created())
      await store.users.update(user.name, { credentials: 'new', endSessions: true }, 0)
      for (const session of sessions) assert.equal(await validated(session, NOW), undefined)
      assert.ok(await validated(stranger, NOW))
    })

    test('ending all sessions of a user ends them, and of nobody else', async () => {
      const user = await created()
      const sessions = [await opened(user), await opened(user)]
      const stranger = await opened(await created())
      await store.sessions.endAll(user.name)
      for (const session of sessions) assert.equal(await validated(session, NOW), undefined)
      assert.ok(await validated(stranger, NOW))
      assert.equal((await store.users.find(user.name))?.epoch, 1)
    })

    test('ending all sessions of nobody creates nobody', async () => {
      await store.sessions.endAll('nobody')
      assert.equal(await store.users.find('nobody'), undefined)
    })

    test('ending a session ends this one only, and says whether it was there', async () => {
      const user = await created()
      const [session, another] = [await opened(user), await opened(user)]
      assert.equal(await store.sessions.end(session.digest, session.slot), true)
      assert.equal(await store.sessions.end(session.digest, session.slot), false)
      assert.equal(await validated(session, NOW), undefined)
      assert.ok(await validated(another, NOW))
    })

    test('what has ended stays ended, however often it is asked for', async () => {
      const session = await opened(await created())
      await store.sessions.end(session.digest, session.slot)
      for (let at = 0; at < 3; at++) assert.equal(await validated(session, NOW), undefined)
      assert.equal(await store.sessions.end(session.digest, session.slot), false)
    })

    test('a session replaces another one of its user in one step', async () => {
      const user = await created()
      const [old, next] = [await opened(user), newSession(user, NOW)]
      assert.ok(await store.sessions.open(next.record, NOW + 1_000, old.digest, NOW, 20))
      assert.equal(await validated(old, NOW), undefined)
      assert.ok(await validated(next, NOW))
    })

    test('a session that was ended meanwhile is not replaced', async () => {
      const user = await created()
      const [old, next] = [await opened(user), newSession(user, NOW)]
      await store.sessions.end(old.digest, old.slot)
      assert.equal(await store.sessions.open(next.record, NOW + 1_000, old.digest, NOW, 20), undefined)
      assert.equal(await validated(next, NOW), undefined)
    })

    test('a session that has run out meanwhile is not replaced', async () => {
      const user = await created()
      for (const [end, fields] of [
        [NOW + 1_000, {}],
        [NOW + 500, { expiresAt: NOW + 500 }],
      ] as const) {
        const [old, next] = [await opened(user, fields), newSession(user, end)]
        assert.equal(await store.sessions.open(next.record, end + 1_000, old.digest, end, 20), undefined)
        assert.equal(await validated(next, end), undefined)
      }
    })

    test("another user's session is not replaced", async () => {
      const user = await created()
      const namesake = await created({ name: sameSlotAs(user.name) })
      const [old, next] = [await opened(namesake), newSession(user, NOW)]
      assert.equal(slotOf(namesake.name), slotOf(user.name))
      assert.equal(await store.sessions.open(next.record, NOW + 1_000, old.digest, NOW, 20), undefined)
      assert.equal(await validated(next, NOW), undefined)
      assert.ok(await validated(old, NOW))
    })

    test('nothing is replaced when the new session may not be opened', async () => {
      const user = await created()
      const [old, next] = [await opened(user), newSession(user, NOW, { epoch: 1 })]
      assert.equal(await store.sessions.open(next.record, NOW + 1_000, old.digest, NOW, 20), undefined)
      assert.ok(await validated(old, NOW))
      const taken = await opened(user)
      assert.equal(await store.sessions.open(taken.record, NOW + 1_000, old.digest, NOW, 20), undefined)
      assert.ok(await validated(old, NOW))
    })

    test('the session that changes the password is replaced, though the new epoch has ended it', async () => {
      const user = await created()
      const old = await opened(user)
      await store.users.update(user.name, { credentials: 'new', endSessions: true }, 0)
      const next = newSession({ ...user, epoch: 1 }, NOW)
      assert.equal(await validated(old, NOW), undefined)
      assert.ok(await store.sessions.open(next.record, NOW + 1_000, old.digest, NOW, 20))
      assert.ok(await validated(next, NOW))
    })

    test('a session of an epoch long gone is not replaced', async () => {
      const user = await created()
      const old = await opened(user)
      await store.users.update(user.name, { credentials: 'new', endSessions: true }, 0)
      await store.sessions.endAll(user.name)
      const next = newSession({ ...user, epoch: 2 }, NOW)
      assert.equal(await store.sessions.open(next.record, NOW + 1_000, old.digest, NOW, 20), undefined)
    })

    test('in 1,000 random orders of use, replacement and end, nothing that ended is live again', async () => {
      await raceSessions(store, other, NOW, 1_000)
    })
  })
}

/** Another name with the slot tag of `name`. */
function sameSlotAs(name: string): string {
  for (let at = 0; ; at++) if (slotOf(`twin-${at}`) === slotOf(name)) return `twin-${at}`
}
