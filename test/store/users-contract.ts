import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import { newUser } from '../support/session-records.ts'
import type { OpenStore } from './store-under-test.ts'

export function usersContract(open: OpenStore): void {
  describe('users', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    test('a user comes back as it was created, on every connection', async () => {
      for (const user of [
        newUser(),
        newUser({ disabled: true, oneTimeUntil: 1_763_712_000_000, epoch: 41, createdAt: 1_763_712_000_001 }),
      ]) {
        assert.equal(await store.users.create(user), true)
        assert.deepEqual(await other.users.find(user.name), user)
      }
    })

    test('an unknown user is undefined', async () => {
      assert.equal(await store.users.find('nobody'), undefined)
    })

    test('a name that is taken is not created again, and nothing changes', async () => {
      const user = newUser()
      await store.users.create(user)
      assert.equal(await other.users.create({ ...user, passwordHash: 'another' }), false)
      assert.deepEqual(await store.users.find(user.name), user)
    })

    test('of 20 creations of one user at the same time exactly one succeeds', async () => {
      const user = newUser()
      const created = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).users.create({ ...user, passwordHash: `hash-${at}` }),
        ),
      )
      assert.equal(created.filter(Boolean).length, 1)
      assert.equal((await store.users.find(user.name))?.passwordHash, `hash-${created.indexOf(true)}`)
    })

    test('setting a password raises the epoch', async () => {
      const user = newUser({ oneTimeUntil: 5, epoch: 7 })
      await store.users.create(user)
      assert.equal(await store.users.setPassword(user.name, 'new', null, 7), true)
      assert.deepEqual(await other.users.find(user.name), {
        ...user,
        passwordHash: 'new',
        oneTimeUntil: null,
        epoch: 8,
      })
      assert.equal(await store.users.setPassword(user.name, 'newer', 9_000, 8), true)
      assert.equal((await other.users.find(user.name))?.oneTimeUntil, 9_000)
    })

    test('a password is not set with another epoch than expected, nor for an unknown user', async () => {
      const user = newUser({ epoch: 3 })
      await store.users.create(user)
      for (const epoch of [2, 4])
        assert.equal(await store.users.setPassword(user.name, 'new', null, epoch), false)
      assert.deepEqual(await store.users.find(user.name), user)
      assert.equal(await store.users.setPassword('nobody', 'new', null, 0), false)
      assert.equal(await store.users.find('nobody'), undefined)
    })

    test('of 20 password changes at the same time exactly one succeeds', async () => {
      const user = newUser()
      await store.users.create(user)
      const set = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).users.setPassword(user.name, `hash-${at}`, null, 0),
        ),
      )
      assert.equal(set.filter(Boolean).length, 1)
      assert.equal((await store.users.find(user.name))?.epoch, 1)
    })

    test('all users are listed by name', async () => {
      const users = [newUser(), newUser(), newUser()]
      for (const user of users) await store.users.create(user)
      const listed = await other.users.list()
      const names = listed.map(({ name }) => name)
      assert.deepEqual(names, names.toSorted())
      for (const user of users) assert.deepEqual(listed[names.indexOf(user.name)], user)
    })
  })
}
