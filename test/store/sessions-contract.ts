import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isSealed } from '../../src/auth/session-record.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import type { User } from '../../src/login/user.ts'
import type { Store } from '../../src/store/store.ts'
import { newSession, newUser, SEAL, type TestSession } from '../support/session-records.ts'
import type { OpenStore, StoreBackdoor } from './store-under-test.ts'
import { modelSessions } from './sessions-model.ts'
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

    test('ASVS 7.1.2: beyond the most of its kind the oldest ends, and never the one that is opened', async () => {
      for (const pending of [null, 'second_factor'] as const) {
        const user = await created()
        const sessions = [4, 1, 3, 2].map((at) => newSession(user, NOW + at, { pending }))
        const openAt = (session: TestSession | undefined, at: number) =>
          store.sessions.open((session ?? assert.fail()).record, NOW + 1_000, undefined, NOW + at, 3)
        for (const at of [0, 1, 2]) assert.deepEqual(await openAt(sessions[at], 4), [])
        const { digest, record } = sessions[1] ?? assert.fail()
        assert.deepEqual(await openAt(sessions[3], 4), [{ digest, expiresAt: record.expiresAt }])
        const live = await Promise.all(sessions.map((session) => validated(session, NOW + 4)))
        assert.deepEqual(
          live.map((one) => one !== undefined),
          [true, false, true, true],
        )
      }
    })

    test('pending logins and complete sessions are counted each for themselves', async () => {
      const user = await created()
      const openOne = async (pending: 'enrol' | null): Promise<TestSession> => {
        const session = newSession(user, NOW, { pending })
        assert.deepEqual(await store.sessions.open(session.record, NOW + 1_000, undefined, NOW, 1), [])
        return session
      }
      const sessions = [await openOne(null), await openOne('enrol')]
      for (const session of sessions) assert.ok(await validated(session, NOW))
    })

    test('what is replaced counts for nothing, and neither does what is over', async () => {
      const user = await created()
      const over = newSession(user, NOW)
      assert.ok(await store.sessions.open(over.record, NOW + 1, undefined, NOW, 2))
      const [one, two] = [newSession(user, NOW + 2), newSession(user, NOW + 2)]
      assert.deepEqual(await store.sessions.open(one.record, NOW + 1_000, undefined, NOW + 2, 2), [])
      assert.deepEqual(await store.sessions.open(two.record, NOW + 1_000, undefined, NOW + 2, 2), [])
      const three = newSession(user, NOW + 3)
      const ended = await store.sessions.open(three.record, NOW + 1_000, one.digest, NOW + 3, 2)
      assert.deepEqual(ended, [{ digest: one.digest, expiresAt: one.record.expiresAt }])
      for (const session of [two, three]) assert.ok(await validated(session, NOW + 3))
    })

    test('a lower most ends as many as are too many', async () => {
      const user = await created()
      for (const at of [1, 2, 3, 4])
        await store.sessions.open(newSession(user, NOW + at).record, NOW + 1_000, undefined, NOW + at, 20)
      const last = newSession(user, NOW + 5)
      const ended = await store.sessions.open(last.record, NOW + 1_000, undefined, NOW + 5, 1)
      assert.equal(ended?.length, 4)
      assert.deepEqual(
        (await store.sessions.list(user.name, NOW + 5)).map(({ record }) => record.digest),
        [last.digest],
      )
    })

    test('the list has the live sessions of one user, newest first, sealed as they were', async () => {
      const user = await created()
      await opened(await created())
      const sessions = [1, 3, 2].map((at) =>
        newSession(user, NOW + at, { pending: at === 2 ? 'enrol' : null, label: String(at) }),
      )
      for (const { record } of sessions)
        assert.ok(await store.sessions.open(record, record.createdAt + 1_000, undefined, NOW + 3, 20))
      const found = await other.sessions.list(user.name, NOW + 3)
      assert.deepEqual(
        found.map(({ record }) => record.label),
        ['3', '2', '1'],
      )
      assert.ok(found.every(({ record }) => isSealed(record, SEAL)))
      assert.deepEqual(found[0]?.record, sessions[1]?.record)
      await store.sessions.end(sessions[0]?.digest ?? '', sessions[0]?.slot ?? '')
      assert.equal((await other.sessions.list(user.name, NOW + 1_001)).length, 2)
      assert.equal((await other.sessions.list(user.name, NOW + 1_002)).length, 1)
      assert.deepEqual(await other.sessions.list(user.name, NOW + 1_003), [])
      assert.deepEqual(await other.sessions.list('nobody', NOW), [])
    })

    test('the list is empty once all have ended, or the user is disabled', async () => {
      for (const ends of ['all', 'disable', 'password'] as const) {
        const user = await created()
        await opened(user)
        if (ends === 'all') assert.equal(await store.sessions.endAll(user.name), 1)
        if (ends === 'disable') assert.equal(await store.users.setDisabled(user.name, true), 1)
        if (ends === 'password')
          await store.users.update(user.name, { credentials: 'new', endSessions: true }, 0)
        assert.deepEqual(await other.sessions.list(user.name, NOW), [], ends)
      }
    })

    test('neither a look nor the list slides the idle end', async () => {
      const user = await created()
      const session = await opened(user)
      const { digest, slot } = session
      const looked = await other.sessions.validate(digest, slot, NOW + 900, 'look')
      assert.deepEqual([looked?.idleExpiresAt, looked?.lastSeenAt], [NOW + 1_000, NOW])
      assert.equal((await other.sessions.list(user.name, NOW + 900))[0]?.idleExpiresAt, NOW + 1_000)
      assert.equal(await other.sessions.validate(digest, slot, NOW + 1_000, 'look'), undefined)
    })

    test('ending all sessions says the epoch from now on; of nobody there is none', async () => {
      const user = await created({ epoch: 4 })
      assert.deepEqual(
        [await store.sessions.endAll(user.name), await other.sessions.endAll(user.name)],
        [5, 6],
      )
      assert.equal(await store.sessions.endAll('nobody'), undefined)
    })

    test('in random histories every answer is that of a simple model', async () => {
      await modelSessions(store, other, NOW, 60)
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
