import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSallyportError } from '../../src/errors.ts'
import { addUser } from '../../src/login/add-user.ts'
import { knownUser } from '../../src/login/known-user.ts'
import { resetPassword } from '../../src/login/reset-password.ts'
import { accounts } from '../support/accounts.ts'
import { CHEAP } from '../support/login-door.ts'

const NOW = 1_800_000_000_000
const PASSWORD = 'correct horse battery'

test('the old password is over, the new one is good for an hour, and the epoch rises', async (t) => {
  const { access, credentialsOf } = await accounts(t, () => NOW)
  await addUser(access, CHEAP, { name: 'alice', password: PASSWORD }, NOW)
  const { oneTimePassword, epoch } = await resetPassword(access, CHEAP, 'alice', NOW)
  const credentials = await credentialsOf('alice')
  assert.ok(credentials)
  assert.equal(await CHEAP.verify(PASSWORD, credentials.passwordHash), false)
  assert.equal(await CHEAP.verify(oneTimePassword, credentials.passwordHash), true)
  assert.equal(credentials.oneTimeUntil, NOW + 3_600_000)
  assert.deepEqual([epoch, (await access.users.find('alice'))?.epoch], [1, 1])
})

test('second factors stay', async (t) => {
  const { access, credentialsOf } = await accounts(t, () => NOW)
  await addUser(access, CHEAP, { name: 'alice', password: PASSWORD }, NOW)
  const known = await knownUser('alice', access)
  assert.ok(known)
  const factors = { totp: { secret: 'JBSWY3DPEHPK3PXP', lastStep: 7, addedAt: NOW }, recoveryCodes: ['ab'] }
  const credentials = access.vault.seal('alice', { ...known.credentials, ...factors })
  await access.users.update('alice', { credentials, endSessions: false }, known.user.revision)
  await resetPassword(access, CHEAP, 'alice', NOW)
  const { totp, recoveryCodes } = (await credentialsOf('alice')) ?? {}
  assert.deepEqual({ totp, recoveryCodes }, factors)
})

test('of credentials under a key that is gone nothing stays, and the user can log in again', async (t) => {
  const { access, accessWith, credentialsOf } = await accounts(t, () => NOW)
  await addUser(accessWith('another factor key, which is lost, 0123456789'), CHEAP, { name: 'alice' }, NOW)
  assert.equal(await credentialsOf('alice'), undefined)
  const { oneTimePassword } = await resetPassword(access, CHEAP, 'alice', NOW)
  const credentials = await credentialsOf('alice')
  assert.equal(await CHEAP.verify(oneTimePassword, credentials?.passwordHash), true)
})

test('a user that does not exist is not made', async (t) => {
  const { access } = await accounts(t, () => NOW)
  await assert.rejects(resetPassword(access, CHEAP, 'bob', NOW), (error) =>
    isSallyportError(error, 'NOT_FOUND'),
  )
  assert.deepEqual(await access.users.list(), [])
})
