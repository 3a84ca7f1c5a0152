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
        newUser({ disabled: true, epoch: 41, revision: 7, createdAt: 1_763_712_000_001 }),
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
      assert.equal(await other.users.create({ ...user, credentials: 'another' }), false)
      assert.deepEqual(await store.users.find(user.name), user)
    })

    test('of 20 creations of one user at the same time exactly one succeeds', async () => {
      const user = newUser()
      const created = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).users.create({ ...user, credentials: `sealed-${at}` }),
        ),
      )
      assert.equal(created.filter(Boolean).length, 1)
      assert.equal((await store.users.find(user.name))?.credentials, `sealed-${created.indexOf(true)}`)
    })

    test('a change raises the revision, and the epoch only if sessions are to end', async () => {
      const user = newUser({ epoch: 7, revision: 3 })
      await store.users.create(user)
      const change = (credentials: string, endSessions: boolean) => ({ credentials, endSessions })
      assert.equal(await store.users.update(user.name, change('new', false), 3), true)
      assert.deepEqual(await other.users.find(user.name), { ...user, credentials: 'new', revision: 4 })
      assert.equal(await other.users.update(user.name, change('newer', true), 4), true)
      const changed = { ...user, credentials: 'newer', epoch: 8, revision: 5 }
      assert.deepEqual(await store.users.find(user.name), changed)
    })

    test('nothing changes with another revision than expected, nor for an unknown user', async () => {
      const user = newUser({ revision: 3 })
      await store.users.create(user)
      const change = { credentials: 'new', endSessions: true }
      for (const revision of [2, 4])
        assert.equal(await store.users.update(user.name, change, revision), false)
      assert.deepEqual(await store.users.find(user.name), user)
      assert.equal(await store.users.update('nobody', change, 0), false)
      assert.equal(await store.users.find('nobody'), undefined)
    })

    test('of 20 changes at the same time exactly one succeeds', async () => {
      const user = newUser()
      await store.users.create(user)
      const changed = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).users.update(
            user.name,
            { credentials: `sealed-${at}`, endSessions: true },
            0,
          ),
        ),
      )
      assert.equal(changed.filter(Boolean).length, 1)
      const { credentials, epoch, revision } = (await store.users.find(user.name)) ?? newUser()
      assert.deepEqual([credentials, epoch, revision], [`sealed-${changed.indexOf(true)}`, 1, 1])
    })

    test('disabling and enabling raises the epoch, whatever else changes meanwhile', async () => {
      const user = newUser({ epoch: 4, revision: 9 })
      await store.users.create(user)
      assert.equal(await store.users.setDisabled(user.name, true), 5)
      assert.deepEqual(await other.users.find(user.name), { ...user, disabled: true, epoch: 5 })
      assert.equal(await other.users.setDisabled(user.name, true), 6)
      assert.equal(await other.users.setDisabled(user.name, false), 7)
      assert.deepEqual(await store.users.find(user.name), { ...user, epoch: 7 })
      const epochs = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 ? store : other).users.setDisabled(user.name, at % 3 === 0),
        ),
      )
      assert.deepEqual(
        epochs.toSorted((one, another) => Number(one) - Number(another)),
        Array.from({ length: 20 }, (_, at) => 8 + at),
      )
    })

    test('disabling raises the epoch above what is asked for, and above what it is', async () => {
      const user = newUser({ epoch: 4 })
      await store.users.create(user)
      assert.equal(await store.users.setDisabled(user.name, true, 9), 10)
      assert.deepEqual(await other.users.find(user.name), { ...user, disabled: true, epoch: 10 })
      assert.equal(await store.users.setDisabled(user.name, true, 10), 11)
      assert.equal(await store.users.setDisabled(user.name, false, 3), 12)
    })

    test('nobody is disabled who does not exist, and nobody comes to be by it', async () => {
      assert.equal(await store.users.setDisabled('nobody', true), undefined)
      assert.equal(await store.users.find('nobody'), undefined)
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
