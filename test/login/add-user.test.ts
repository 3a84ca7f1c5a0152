import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { addUser } from '../../src/login/add-user.ts'
import { newOneTimePassword } from '../../src/login/one-time-password.ts'
import { accounts } from '../support/accounts.ts'
import { CHEAP } from '../support/login-door.ts'

const NOW = 1_800_000_000_000

test('ASVS 6.4.1: a user without a password gets a random one-time password for an hour', async (t) => {
  const { access, credentialsOf } = await accounts(t, () => NOW)
  const { oneTimePassword = '' } = await addUser(access, CHEAP, { name: 'alice' }, NOW)
  const credentials = await credentialsOf('alice')
  assert.equal(credentials?.oneTimeUntil, NOW + 3_600_000)
  assert.equal(await CHEAP.verify(oneTimePassword, credentials.passwordHash), true)
})

test('a user with a password keeps it, and none is made up', async (t) => {
  const { access, credentialsOf } = await accounts(t, () => NOW)
  const person = { name: 'bob', password: 'correct horse battery' }
  assert.deepEqual(await addUser(access, CHEAP, person, NOW), { name: 'bob' })
  assert.equal((await credentialsOf('bob'))?.oneTimeUntil, null)
})

test('bad names, bad passwords and names that are taken change nothing', async (t) => {
  const { access } = await accounts(t, () => NOW)
  const refused = async (
    person: { name: string; password?: string },
    code: 'NAME_INVALID' | 'NAME_TAKEN' | 'PASSWORD_REFUSED',
  ) => assert.rejects(addUser(access, CHEAP, person, NOW), (error) => isSallyportError(error, code))
  for (const name of ['', 'A', 'a//b', '..', '*', 'x'.repeat(65), 'a\n', 'a b'])
    await refused({ name }, 'NAME_INVALID')
  await refused({ name: 'carol', password: 'short' }, 'PASSWORD_REFUSED')
  await addUser(access, CHEAP, { name: 'dave' }, NOW)
  await refused({ name: 'dave' }, 'NAME_TAKEN')
  assert.deepEqual(
    (await access.users.list()).map(({ name }) => name),
    ['dave'],
  )
})

test('one-time passwords are groups that can be read out, and no two alike', () => {
  const all = Array.from({ length: 1000 }, newOneTimePassword)
  for (const one of all) assert.match(one, /^(?:[a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/)
  assert.equal(new Set(all).size, 1000)
})
