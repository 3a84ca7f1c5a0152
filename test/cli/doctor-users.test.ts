import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usersFindings } from '../../src/cli/doctor-users.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import type { User } from '../../src/login/user.ts'

const [OLD, NEW] = ['the old factor key '.repeat(3), 'the new factor key '.repeat(3)]
const under = (...keys: [string, ...string[]]) => credentialVault(factorKeys(keys))

const user = (name: string, credentials: string): User => ({
  name,
  credentials,
  disabled: false,
  epoch: 0,
  revision: 0,
  createdAt: 0,
})
const sealed = (name: string, key: string): User =>
  user(name, under(key).seal(name, passwordOnly('hash', null)))

test('who still needs a former key is named, so that one knows when it may be taken away', () => {
  const users = [sealed('alice', NEW), sealed('bob', OLD)]
  assert.deepEqual(
    usersFindings(users, under(NEW, OLD)).map(({ state, what }) => [state, what]),
    [
      [
        'ok',
        '2 user(s), all sealed under a factor key that is here; under a former one, until they log in again: bob',
      ],
    ],
  )
  assert.match(usersFindings(users.slice(0, 1), under(NEW))[0]?.what ?? '', / that is here$/)
})

test('whom an older version added is told apart from who is sealed under another key, each with what to do', () => {
  const users = [user('alice', ''), sealed('bob', OLD), sealed('carol', NEW), user('dave', 'v1.damaged')]
  assert.deepEqual(
    usersFindings(users, under(NEW)).map(({ state, what, help }) => [state, what, help]),
    [
      [
        'problem',
        '1 of 4 user(s) cannot log in, since an older version added them: alice',
        '"npx sallyport user reset-password NAME" for each of them',
      ],
      [
        'problem',
        '2 of 4 user(s) cannot log in, since they are sealed under another factor key: bob, dave',
        'set SALLYPORT_FACTOR_KEY to what it is on the other servers, or put a former key behind the new one; if it is lost: "npx sallyport user reset-password NAME" for each of them',
      ],
    ],
  )
})
