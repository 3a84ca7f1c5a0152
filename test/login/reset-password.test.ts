import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { addUser } from '../../src/login/add-user.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { passwords } from '../../src/login/password.ts'
import { resetPassword } from '../../src/login/reset-password.ts'
import { openStore } from '../../src/store/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const cheap = passwords(workQueue(2, 100), { memory: 64, passes: 1, parallelism: 1 })
const NOW = 1_800_000_000_000

test('the old password is over, the new one is good for an hour, and the epoch rises', async (t) => {
  const store = await openStore(`sqlite:${join(await temporaryDirectory(t), 's.db')}`, {
    now: () => NOW,
    slotOf,
  })
  await addUser(store.users, cheap, { name: 'alice', password: 'correct horse battery' }, NOW)
  const before = await store.users.find('alice')
  const oneTime = await resetPassword(store.users, cheap, 'alice', NOW)
  const user = await store.users.find('alice')
  assert.ok(before && user)
  assert.equal(await cheap.verify('correct horse battery', user.passwordHash), false)
  assert.equal(await cheap.verify(oneTime, user.passwordHash), true)
  assert.equal(user.oneTimeUntil, NOW + 3_600_000)
  assert.ok(user.epoch > before.epoch)
  await store.close()
})

test('a user that does not exist is not made', async (t) => {
  const store = await openStore(`sqlite:${join(await temporaryDirectory(t), 's.db')}`, {
    now: () => NOW,
    slotOf,
  })
  await assert.rejects(resetPassword(store.users, cheap, 'bob', NOW), (error) =>
    isSallyportError(error, 'NOT_FOUND'),
  )
  assert.deepEqual(await store.users.list(), [])
  await store.close()
})
