import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { SallyportError } from '../../src/errors.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import type { LoginOptions } from '../../src/login/options.ts'
import { passwords, type Passwords } from '../../src/login/password.ts'
import { parsePhc } from '../../src/login/phc.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { CHEAP, ENGINES, PASSWORD, startDoor, type Engine, type LoginDoor } from '../support/login-door.ts'

const [OLD, NEW] = ['an old factor key 0123456789 0123456789', 'a new factor key 0123456789 0123456789']
const DEARER = { memory: 128, passes: 2, parallelism: 1 }
const before = credentialVault(factorKeys([OLD]))
const after = credentialVault(factorKeys([NEW, OLD]))
const dearer: Passwords = passwords(workQueue(2, 100), DEARER)

/** A door after a change of the factor key and the cost of hashes, and a user of before. */
async function place(
  t: TestContext,
  engine: Engine,
  options: Partial<LoginOptions> = {},
): Promise<{ door: LoginDoor; name: string }> {
  const door = await startDoor(engine, () => ({ vault: after, passwords: dearer, ...options }))
  t.after(() => door.close())
  const name = 'alice'
  const credentials = before.seal(name, passwordOnly(await CHEAP.hash(PASSWORD), null))
  await door.store.users.create({ name, credentials, disabled: false, epoch: 3, revision: 0, createdAt: 0 })
  return { door, name }
}

const login = (door: LoginDoor, username: string, password = PASSWORD) =>
  door.post('/auth/login', { username, password, token: true })

for (const engine of ENGINES)
  describe(`what a user of before logs in by, on ${engine}`, () => {
    test('ASVS 11.4.2: a login hashes the password at the cost of now and seals under the newest key; no session ends', async (t) => {
      const { door, name } = await place(t, engine)
      const first = (await login(door, name)).json() as { token: string }
      const user = await door.store.users.find(name)
      assert.equal(after.isCurrent(user?.credentials ?? ''), true)
      const { passwordHash } = await door.credentialsOf(name)
      assert.deepEqual(parsePhc(passwordHash)?.cost, DEARER)
      assert.deepEqual([user?.epoch, user?.revision], [3, 1])
      assert.equal((await login(door, name)).status, 200)
      assert.equal((await door.store.users.find(name))?.revision, 1, 'once is enough')
      const headers = { authorization: `Bearer ${first.token}` }
      assert.equal((await door.ask('/auth/session', { headers })).status, 200)
      assert.deepEqual([door.announced, door.faults], [[], []])
    })

    test('stays as it is when the password was not right, or the user is disabled', async (t) => {
      const { door, name } = await place(t, engine)
      const stored = await door.store.users.find(name)
      assert.equal((await login(door, name, 'wrong horse battery')).status, 401)
      assert.deepEqual(await door.store.users.find(name), stored)
      await door.store.users.setDisabled(name, true)
      const disabled = await door.store.users.find(name)
      assert.equal((await login(door, name)).status, 401)
      assert.deepEqual(await door.store.users.find(name), disabled)
    })

    test('is brought up to date once by 20 logins at once, and all of them succeed', async (t) => {
      const { door, name } = await place(t, engine)
      const answers = await Promise.all(Array.from({ length: 20 }, () => login(door, name)))
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
      assert.deepEqual(parsePhc((await door.credentialsOf(name)).passwordHash)?.cost, DEARER)
      assert.equal((await door.store.users.find(name))?.epoch, 3)
      assert.equal((await login(door, name)).status, 200)
    })

    test('does not keep anybody from logging in when it cannot be brought up to date', async (t) => {
      const hash = async () => Promise.reject(new SallyportError('TOO_BUSY', 'too many wait for their turn'))
      const { door, name } = await place(t, engine, { passwords: { ...dearer, hash } })
      assert.equal((await login(door, name)).status, 200)
      assert.match(String(door.faults[0]), /too many wait/)
      assert.equal((await door.store.users.find(name))?.revision, 0)
    })

    test('is opened by no key that is left: nobody logs in, and the answer is that for nobody', async (t) => {
      const { door, name } = await place(t, engine, { vault: credentialVault(factorKeys([NEW])) })
      const [known, unknown] = [await login(door, name), await login(door, 'nobody')]
      const words = ({ status, body }: typeof known) => [status, body.replace(/"requestId":"[^"]*"/, '')]
      assert.deepEqual(words(known), words(unknown))
      assert.equal(known.status, 401)
      assert.equal((await door.store.users.find(name))?.revision, 0)
    })
  })
