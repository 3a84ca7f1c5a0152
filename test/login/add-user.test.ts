import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { addUser } from '../../src/login/add-user.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { newOneTimePassword } from '../../src/login/one-time-password.ts'
import { passwords } from '../../src/login/password.ts'
import { openStore } from '../../src/store/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const cheap = passwords(workQueue(2, 100), { memory: 64, passes: 1, parallelism: 1 })
const NOW = 1_800_000_000_000

test('a user without a password gets a one-time password for an hour', async (t) => {
  const store = await openStore(`sqlite:${join(await temporaryDirectory(t), 's.db')}`, {
    now: () => NOW,
    slotOf,
  })
  const { oneTimePassword = '' } = await addUser(store.users, cheap, { name: 'alice' }, NOW)
  const user = await store.users.find('alice')
  assert.equal(user?.oneTimeUntil, NOW + 3_600_000)
  assert.equal(await cheap.verify(oneTimePassword, user.passwordHash), true)
  await store.close()
})

test('a user with a password keeps it, and none is made up', async (t) => {
  const store = await openStore(`sqlite:${join(await temporaryDirectory(t), 's.db')}`, {
    now: () => NOW,
    slotOf,
  })
  assert.deepEqual(
    await addUser(store.users, cheap, { name: 'bob', password: 'correct horse battery' }, NOW),
    {
      name: 'bob',
    },
  )
  assert.equal((await store.users.find('bob'))?.oneTimeUntil, null)
  await store.close()
})

test('bad names, bad passwords and names that are taken change nothing', async (t) => {
  const store = await openStore(`sqlite:${join(await temporaryDirectory(t), 's.db')}`, {
    now: () => NOW,
    slotOf,
  })
  const refused = async (
    person: { name: string; password?: string },
    code: 'NAME_INVALID' | 'NAME_TAKEN' | 'PASSWORD_REFUSED',
  ) => assert.rejects(addUser(store.users, cheap, person, NOW), (error) => isSallyportError(error, code))
  for (const name of ['', 'A', 'a//b', '..', '*', 'x'.repeat(65), 'a\n', 'a b'])
    await refused({ name }, 'NAME_INVALID')
  await refused({ name: 'carol', password: 'short' }, 'PASSWORD_REFUSED')
  await addUser(store.users, cheap, { name: 'dave' }, NOW)
  await refused({ name: 'dave' }, 'NAME_TAKEN')
  assert.deepEqual(
    (await store.users.list()).map(({ name }) => name),
    ['dave'],
  )
  await store.close()
})

test('one-time passwords are groups that can be read out, and no two alike', () => {
  const all = Array.from({ length: 1000 }, newOneTimePassword)
  for (const one of all) assert.match(one, /^(?:[a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/)
  assert.equal(new Set(all).size, 1000)
})
