import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument } from '../../src/access/document.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import type { Credentials } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { passwords } from '../../src/login/password.ts'
import type { User } from '../../src/login/user.ts'
import { openStore } from '../../src/store/open.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSWORD = 'correct horse battery'
const KEY = 'a-factor-key-for-tests-only-0123456789abcdef'

interface Place {
  readonly directory: string
  user(args: readonly string[], input?: string): Promise<Finished>
  stored(name: string): Promise<User | undefined>
  /** What a user logs in by; `undefined` for nobody. */
  credentialsOf(name: string): Promise<Credentials | undefined>
  rolesOf(name: string): Promise<readonly string[]>
}

/** A directory with an access policy and a store of its own, by default the one that is there without a word. */
async function place(t: TestContext, store?: string): Promise<Place> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await mkdir(join(directory, 'data'), { mode: 0o700 })
  await writeFile(join(directory, 'data', 'factor-key'), KEY, { mode: 0o600 })
  const secret = 'a-secret-for-tests-only-0123456789abcdef'
  const env = store === undefined ? {} : { SALLYPORT_STORE: store, SALLYPORT_SESSION_SECRET: secret }
  const stored = async (name: string): Promise<User | undefined> => {
    const opened = await openStore(store ?? `sqlite:${join(directory, 'data', 'sallyport.db')}`, {
      now: Date.now,
      slotOf,
    })
    const user = await opened.users.find(name)
    await opened.close()
    return user
  }
  return {
    directory,
    user: (args, input = '') => sallyport(['user', ...args], { cwd: directory, env, input }),
    stored,
    async credentialsOf(name) {
      const user = await stored(name)
      return user && credentialVault(factorKeys([KEY])).open(name, user.credentials)
    },
    async rolesOf(name) {
      const text = await readFile(join(directory, 'access.yaml'), 'utf8')
      return grantsOf(parseAccessDocument(text, 'access.yaml'), `user:${name}`).flatMap(({ roles }) => roles)
    },
  }
}

async function fits(password: string, credentials: Credentials | undefined): Promise<boolean> {
  return passwords(workQueue(1, 1)).verify(password, credentials?.passwordHash)
}

describe('user add', () => {
  test('prints one line with a one-time password, good for an hour', async (t) => {
    const { user, stored, credentialsOf } = await place(t)
    const { code, stdout, stderr } = await user(['add', 'alice'])
    assert.equal(code, 0, stderr)
    const password = /^one-time password: (\S+)\n$/.exec(stdout)?.[1] ?? ''
    const alice = await credentialsOf('alice')
    assert.equal(await fits(password, alice), true)
    const left = (alice?.oneTimeUntil ?? 0) - Date.now()
    assert.ok(left > 3_540_000 && left <= 3_600_000, String(left))
    assert.ok(!JSON.stringify([alice, await stored('alice')]).includes(password))
  })

  test('takes a person of another trust domain, by the name that a certificate of that domain has here', async (t) => {
    const { user, stored, rolesOf } = await place(t)
    const name = 'corp.example/Alice@corp.example'
    const { code, stderr } = await user(['add', name, '--role', 'reader'])
    assert.equal(code, 0, stderr)
    assert.equal((await stored(name))?.name, name)
    assert.deepEqual(await rolesOf(name), ['reader'])
  })

  test('takes a password from standard input, without the line break', async (t) => {
    const { user, credentialsOf } = await place(t)
    for (const [name, input] of [
      ['bob', PASSWORD],
      ['carol', `${PASSWORD}\n`],
    ] as const) {
      const { code, stdout, stderr } = await user(['add', name, '--password-stdin'], input)
      assert.equal(code, 0, stderr)
      assert.ok(!stdout.includes(PASSWORD))
      assert.doesNotMatch(stdout, /one-time/)
      const added = await credentialsOf(name)
      assert.equal(await fits(PASSWORD, added), true)
      assert.equal(added?.oneTimeUntil, null)
    }
  })

  test('grants the roles in the access policy', async (t) => {
    const { user, rolesOf } = await place(t)
    const { code, stderr } = await user(['add', 'alice', '--role', 'reader', '--role', 'user'])
    assert.equal(code, 0, stderr)
    assert.deepEqual(await rolesOf('alice'), ['reader', 'user'])
  })

  test('says as JSON what a program needs', async (t) => {
    const { user } = await place(t)
    const { stdout } = await user(['add', 'alice', '--role', 'reader', '--json'])
    const { oneTimePassword, ...rest } = JSON.parse(stdout) as Record<string, string>
    assert.match(oneTimePassword ?? '', /^[a-z2-9-]{23}$/)
    assert.deepEqual(rest, { name: 'alice', roles: ['reader'] })
  })

  test('changes nothing when anything is wrong', async (t) => {
    const { user, stored, rolesOf } = await place(t)
    await user(['add', 'taken'])
    const before = await stored('taken')
    const attempts: [readonly string[], string, number, RegExp][] = [
      [['add', 'alice', '--role', 'nothing'], '', 1, /no role "nothing"/],
      [['add', 'taken', '--role', 'admin'], '', 1, /a user "taken" already/],
      [['add', 'Alice'], '', 1, /name/],
      [['add', 'alice', '--password-stdin'], 'short', 1, /at least 12 characters/],
      [['add', 'alice', '--password-stdin'], '', 1, /no password on standard input/],
      [['add'], '', 2, /missing required argument/],
      [['add', 'alice', '--unknown'], '', 2, /unknown option/],
    ]
    for (const [args, input, code, words] of attempts) {
      const result = await user(args, input)
      assert.deepEqual([result.code, result.stdout], [code, ''], args.join(' '))
      assert.match(result.stderr, words)
      assert.doesNotMatch(result.stderr, /\n\s+at /)
    }
    assert.equal(await stored('alice'), undefined)
    assert.deepEqual(await stored('taken'), before)
    assert.deepEqual(await rolesOf('taken'), [])
  })

  test('says that the store cannot be reached, and does not say its password', async (t) => {
    const { user } = await place(t, 'redis://:hunter2@127.0.0.1:1')
    const { code, stderr } = await user(['add', 'alice'])
    assert.equal(code, 1)
    assert.match(stderr, /Redis at 127\.0\.0\.1:1/)
    assert.ok(!stderr.includes('hunter2'))
  })
})

describe('user list', () => {
  test('shows who there is, on SQLite and on Redis', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    for (const store of [undefined, redis.url]) {
      const { user } = await place(t, store)
      await user(['add', 'bob'])
      await user(['add', 'alice', '--password-stdin'], PASSWORD)
      const table = await user(['list'])
      assert.equal(table.code, 0, table.stderr)
      assert.match(
        table.stdout,
        /^NAME\s+STATE\s+CREATED\nalice\s+active\s+\d{4}-.*\nbob\s+must set a password\s+\d{4}-/,
      )
      const listed = JSON.parse((await user(['list', '--json'])).stdout) as { name: string; state: string }[]
      assert.deepEqual(
        listed.map(({ name, state }) => [name, state]),
        [
          ['alice', 'active'],
          ['bob', 'must set a password'],
        ],
      )
      assert.doesNotMatch(table.stdout + JSON.stringify(listed), /argon2/)
    }
  })
})
