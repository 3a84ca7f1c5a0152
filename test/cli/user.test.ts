import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { grantsOf, parseAccessDocument } from '../../src/access/document.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import type { Credentials } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { workQueue } from '../../src/login/work-queue.ts'
import { passwords } from '../../src/login/password.ts'
import { changeCredentials, type KnownUser } from '../../src/login/known-user.ts'
import type { User } from '../../src/login/user.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSWORD = 'correct horse battery'
const KEY = 'a-factor-key-for-tests-only-0123456789abcdef'

interface Place {
  readonly directory: string
  user(args: readonly string[], input?: string): Promise<Finished>
  /** The same in a process of its own. */
  userProcess(args: readonly string[], input?: string): Promise<Finished>
  stored(name: string): Promise<User | undefined>
  /** What a user logs in by; `undefined` for nobody. */
  credentialsOf(name: string): Promise<Credentials | undefined>
  rolesOf(name: string): Promise<readonly string[]>
  /** Changes what a user logs in by, as the user himself would. */
  change(name: string, changes: Partial<Credentials>): Promise<void>
  /** Uses the store. */
  opened<T>(use: (store: Store) => Promise<T>): Promise<T>
  /** What is on the audit trail about users, oldest first, without what every line has. */
  recorded(): Promise<readonly object[]>
}

const FACTORS = {
  totp: { secret: 'JBSWY3DPEHPK3PXP', lastStep: 7, addedAt: 1 },
  recoveryCodes: ['0'.repeat(64), '1'.repeat(64)],
  passkeys: [
    {
      id: 'aWQ',
      publicKey: 'a2V5',
      counter: 0,
      answered: [],
      transports: ['usb'],
      label: 'key',
      addedAt: 1,
      lastUsedAt: null,
    },
  ],
} satisfies Partial<Credentials>

/** A directory with an access policy and a store of its own, by default the one that is there without a word. */
async function place(t: TestContext, store?: string): Promise<Place> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await mkdir(join(directory, 'data'), { mode: 0o700 })
  await writeFile(join(directory, 'data', 'factor-key'), KEY, { mode: 0o600 })
  const secret = 'a-secret-for-tests-only-0123456789abcdef'
  const env = store === undefined ? {} : { SALLYPORT_STORE: store, SALLYPORT_SESSION_SECRET: secret }
  const opened = async <T>(use: (opened: Store) => Promise<T>): Promise<T> => {
    const location = store ?? `sqlite:${join(directory, 'data', 'sallyport.db')}`
    const own = await openStore(location, { now: Date.now, slotOf })
    try {
      return await use(own)
    } finally {
      await own.close()
    }
  }
  const stored = async (name: string) => opened(({ users }) => users.find(name))
  const vault = credentialVault(factorKeys([KEY]))
  return {
    directory,
    user: (args, input = '') => inProcess(['user', ...args], { cwd: directory, env, input }),
    userProcess: (args, input = '') => sallyport(['user', ...args], { cwd: directory, env, input }),
    stored,
    opened,
    async credentialsOf(name) {
      const user = await stored(name)
      return user && vault.open(name, user.credentials)
    },
    change: async (name, changes) =>
      opened(async ({ users }) => {
        const write = ({ credentials }: KnownUser) =>
          ({
            kind: 'write',
            credentials: { ...credentials, ...changes },
            endSessions: false,
            told: undefined,
          }) as const
        await changeCredentials<undefined>(name, write, { users, vault })
      }),
    async recorded() {
      const folder = join(directory, 'data', 'audit')
      const files = await readdir(folder).catch(() => [])
      const texts = await Promise.all(files.map(async (file) => readFile(join(folder, file), 'utf8')))
      const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''))
      return lines
        .map((line) => JSON.parse(line) as Record<string, string>)
        .filter(({ event }) => event?.startsWith('user.') === true)
        .toSorted((one, other) => String(one['at']).localeCompare(String(other['at'])))
        .map(({ event, principal, by }) => ({ event, principal, by }))
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
    const { userProcess, stored, credentialsOf } = await place(t)
    const { code, stdout, stderr } = await userProcess(['add', 'alice'])
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
    const { userProcess, credentialsOf } = await place(t)
    for (const [name, input] of [
      ['bob', PASSWORD],
      ['carol', `${PASSWORD}\n`],
    ] as const) {
      const { code, stdout, stderr } = await userProcess(['add', name, '--password-stdin'], input)
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
      const { user, userProcess, change } = await place(t, store)
      await user(['add', 'bob'])
      await user(['add', 'alice', '--password-stdin'], PASSWORD)
      await user(['add', 'carol', '--password-stdin'], PASSWORD)
      await change('carol', FACTORS)
      await user(['add', 'dave'])
      await change('dave', { oneTimeUntil: 1 })
      await user(['add', 'eve'])
      await user(['disable', 'eve'])
      const table = await userProcess(['list'])
      assert.equal(table.code, 0, table.stderr)
      assert.deepEqual(
        table.stdout.split('\n').map((line) => line.replace(/\s+\d{4}-\S+$/, '').split(/ {2,}/)),
        [
          ['NAME', 'STATE', 'SECOND FACTORS', 'CREATED'],
          ['alice', 'active', 'none'],
          ['bob', 'must set a password', 'none'],
          ['carol', 'active', 'TOTP, 1 passkey, 2 recovery codes'],
          ['dave', 'one-time password is too old', 'none'],
          ['eve', 'disabled', 'none'],
          [''],
        ],
      )
      const listed = JSON.parse((await user(['list', '--json'])).stdout) as Record<string, unknown>[]
      const { createdAt, ...carol } = listed[2] ?? {}
      assert.ok(Math.abs(Date.parse(String(createdAt)) - Date.now()) < 60_000)
      assert.deepEqual(carol, {
        name: 'carol',
        state: 'active',
        secondFactors: { totp: true, passkeys: 1, recoveryCodes: 2 },
      })
      assert.doesNotMatch(table.stdout + JSON.stringify(listed), /argon2|JBSWY3DP/)
    }
  })

  test('says who cannot log in, and without the factor key who is disabled', async (t) => {
    const { directory, user } = await place(t)
    await user(['add', 'alice'])
    await user(['add', 'bob'])
    await user(['disable', 'bob'])
    const rows = async () =>
      (await user(['list'])).stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))
    const lost = [
      ['NAME', 'STATE', 'SECOND FACTORS'],
      ['alice', 'cannot log in: sealed under a factor key that is not here', 'unknown'],
      ['bob', 'disabled', 'unknown'],
      [''],
    ]
    await writeFile(join(directory, 'data', 'factor-key'), KEY.toUpperCase(), { mode: 0o600 })
    assert.deepEqual(await rows(), lost)
    await rm(join(directory, 'data', 'factor-key'))
    assert.deepEqual(await rows(), lost)
  })
})

describe('a change of a user', () => {
  const CHANGES = [
    ['disable', 'user.disabled', 'disabled', /^user alice is disabled\n$/],
    ['enable', 'user.enabled', 'enabled', /^user alice is enabled\n$/],
    ['reset-password', 'user.password_reset', 'password_reset', /^one-time password: [a-z2-9-]{23}\n$/],
    ['reset-mfa', 'user.factors_reset', 'factors_reset', /^user alice has no second factor\n$/],
  ] as const

  /** What servers were told of accounts after each, until long after any certificate. */
  const STATES = ['alice 1 disabled', 'alice 2 enabled']
  const accounts = async (opened: Place['opened']): Promise<readonly string[]> =>
    opened(async ({ revocations }) => {
      const listed = (await revocations.read(0)).entries.filter((one) => one.kind === 'account')
      for (const { until } of listed) assert.ok(until > Date.now() + 9 * 365 * 24 * 3_600_000)
      return listed.map(
        ({ user, epoch, disabled }) => `${user} ${epoch} ${disabled ? 'disabled' : 'enabled'}`,
      )
    })

  for (const engine of ['sqlite', 'redis'] as const)
    test(`ASVS 7.4.2 and 7.4.5: ends all sessions, tells every server, is on record and in the history, on ${engine}`, async (t) => {
      const redis = engine === 'redis' ? await startRedis() : undefined
      t.after(() => redis?.stop())
      const { user, stored, change, opened, recorded } = await place(t, redis?.url)
      await user(['add', 'alice', '--password-stdin'], PASSWORD)
      await change('alice', FACTORS)
      const before = Date.now()
      for (const [at, [verb, event, history, words]] of CHANGES.entries()) {
        const { code, stdout, stderr } = await user([verb, 'alice'])
        assert.equal(code, 0, stderr)
        assert.match(stdout, words)
        assert.equal((await stored('alice'))?.epoch, at + 1)
        assert.deepEqual((await recorded()).at(-1), { event, principal: 'user:alice', by: 'operator' })
        await opened(async ({ histories, revocations }) => {
          const [entry] = await histories.list('alice')
          assert.ok(entry !== undefined && entry.at >= before)
          assert.deepEqual({ ...entry, at: 0 }, { at: 0, event: history, address: '', userAgent: '' })
          const entries = (await revocations.read(0)).entries.filter((one) => one.kind === 'user')
          const last = entries.find(({ epoch }) => epoch === at + 1)
          assert.equal(last?.user, 'alice')
          assert.ok(last.until >= before + 12 * 3_600_000)
        })
        assert.deepEqual((await accounts(opened)).toSorted(), STATES.slice(0, at + 1))
      }
      assert.equal((await stored('alice'))?.disabled, false)
    })

  test('disabling and enabling goes above what servers were told, whatever the store has lost', async (t) => {
    const { user, stored, opened } = await place(t)
    await user(['add', 'alice'])
    const told = { user: 'alice', until: Date.now() + 3_600_000 }
    await opened(async ({ revocations }) =>
      revocations.revoke([
        { kind: 'account', epoch: 41, disabled: false, ...told },
        { kind: 'user', epoch: 42, ...told },
        { kind: 'user', epoch: 99, ...told, user: 'bob' },
      ]),
    )
    assert.equal((await user(['disable', 'alice'])).code, 0)
    assert.equal((await stored('alice'))?.epoch, 43)
    assert.equal((await user(['enable', 'alice'])).code, 0)
    assert.equal((await stored('alice'))?.epoch, 44)
  })

  test('of a person without an account: disabling says what ends certificates, the others do not', async (t) => {
    const { user } = await place(t)
    const { code, stderr } = await user(['disable', 'bob'])
    assert.equal(code, 1)
    assert.match(stderr, /no user "bob": .* end with "npx sallyport cert revoke --principal user:bob"/)
    for (const args of [
      ['enable', 'bob'],
      ['disable', 'corp.example/bob'],
      ['disable', 'Bob; ls'],
    ]) {
      const other = await user(args)
      assert.equal(other.code, 1)
      assert.doesNotMatch(other.stderr, /cert revoke/)
    }
  })

  test('that servers were not told is said, and disabling again tells them', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const { user, stored, opened } = await place(t, redis.url)
    await user(['add', 'alice'])
    const raw = new Redis(redis.url)
    t.after(() => raw.disconnect())
    // A list of another kind: neither read nor written.
    await raw.set('sallyport:{revocations}:by-epoch', 'x')
    const { code, stdout, stderr } = await user(['disable', 'alice'])
    assert.deepEqual([code, stdout], [1, 'user alice is disabled\n'])
    assert.match(stderr, /servers were not told, and take certificates .* run the same command again/)
    assert.equal((await stored('alice'))?.disabled, true)
    await raw.del('sallyport:{revocations}:by-epoch')
    assert.equal((await user(['disable', 'alice'])).code, 0)
    assert.deepEqual(await accounts(opened), ['alice 2 disabled'])
  })

  test('says as JSON what a program needs', async (t) => {
    const { user } = await place(t)
    await user(['add', 'alice'])
    const said = async (verb: string) => JSON.parse((await user([verb, 'alice', '--json'])).stdout) as object
    assert.deepEqual(await said('disable'), { name: 'alice', state: 'disabled' })
    assert.deepEqual(await said('enable'), { name: 'alice', state: 'enabled' })
    assert.deepEqual(Object.keys(await said('reset-password')), ['name', 'oneTimePassword'])
    assert.deepEqual(await said('reset-mfa'), { name: 'alice', secondFactors: [] })
  })

  test('ASVS 6.4.3: the password is reset, and second factors stay', async (t) => {
    const { user, change, credentialsOf } = await place(t)
    await user(['add', 'alice', '--password-stdin'], PASSWORD)
    await change('alice', FACTORS)
    const { stdout } = await user(['reset-password', 'alice'])
    const credentials = await credentialsOf('alice')
    assert.equal(await fits(stdout.replace('one-time password: ', '').trim(), credentials), true)
    assert.equal(await fits(PASSWORD, credentials), false)
    const { totp, recoveryCodes, passkeys } = credentials ?? {}
    assert.deepEqual({ totp, recoveryCodes, passkeys }, FACTORS)
  })

  test('second factors are taken away, and the password stays', async (t) => {
    const { user, change, credentialsOf } = await place(t)
    await user(['add', 'alice', '--password-stdin'], PASSWORD)
    await change('alice', FACTORS)
    await user(['reset-mfa', 'alice'])
    const credentials = await credentialsOf('alice')
    const { totp, recoveryCodes, passkeys } = credentials ?? {}
    assert.deepEqual({ totp, recoveryCodes, passkeys }, { totp: null, recoveryCodes: [], passkeys: [] })
    assert.equal(await fits(PASSWORD, credentials), true)
  })

  test('of nobody is refused by every command, and makes nobody', async (t) => {
    const { user, stored, recorded } = await place(t)
    await user(['add', 'alice'])
    const before = await recorded()
    for (const [verb] of CHANGES)
      for (const name of ['bob', '../alice']) {
        const { code, stdout, stderr } = await user([verb, name])
        assert.deepEqual([code, stdout], [1, ''], `${verb} ${name}`)
        assert.match(stderr, /there is no user "[^"]*": "npx sallyport user list" shows them/)
        assert.equal(await stored(name), undefined)
      }
    assert.deepEqual(await recorded(), before)
    assert.equal((await user(['disable'])).code, 2)
    assert.equal((await user(['disable', 'alice', 'bob'])).code, 2)
    assert.equal((await user(['remove', 'alice'])).code, 2)
  })

  test('without the factor key: disabling goes through, and what needs the key says so and changes nothing', async (t) => {
    const { directory, user, stored } = await place(t)
    await user(['add', 'alice'])
    await rm(join(directory, 'data', 'factor-key'))
    assert.equal((await user(['disable', 'alice'])).code, 0)
    assert.equal((await stored('alice'))?.disabled, true)
    assert.equal((await user(['enable', 'alice'])).code, 0)
    const before = await stored('alice')
    for (const verb of ['reset-password', 'reset-mfa']) {
      const { code, stderr } = await user([verb, 'alice'])
      assert.equal(code, 1)
      assert.match(stderr, /the factor key .*factor-key cannot be read/)
    }
    assert.deepEqual(await stored('alice'), before)
  })

  test('under another factor key: second factors are not taken away, and all is made anew on demand', async (t) => {
    const { directory, user, stored } = await place(t)
    await user(['add', 'alice'])
    const before = await stored('alice')
    await writeFile(join(directory, 'data', 'factor-key'), KEY.toUpperCase(), { mode: 0o600 })
    const refused = await user(['reset-mfa', 'alice'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /cannot be opened by the factor key here.*user reset-password alice/)
    assert.deepEqual(await stored('alice'), before)
    assert.equal((await user(['reset-password', 'alice'])).code, 0)
    assert.match((await user(['list'])).stdout, /alice\s+must set a password/)
  })

  test('goes through without the audit trail if it only takes, and not at all if it gives', async (t) => {
    const { directory, user, stored } = await place(t)
    await user(['add', 'alice'])
    await rm(join(directory, 'data', 'audit'), { recursive: true })
    await writeFile(join(directory, 'data', 'audit'), 'a file where the folder should be')
    const disabled = await user(['disable', 'alice'])
    assert.equal(disabled.code, 1)
    assert.match(disabled.stdout, /user alice is disabled/)
    assert.match(disabled.stderr, /it is not on the audit trail: .*audit[^]*it is done/)
    const before = await stored('alice')
    assert.equal(before?.disabled, true)
    for (const verb of ['enable', 'reset-password', 'reset-mfa']) {
      const { code, stdout, stderr } = await user([verb, 'alice'])
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /the audit trail .* cannot be written/)
    }
    assert.deepEqual(await stored('alice'), before)
  })

  test('and another one at the same moment: both are done, or one says to try again', async (t) => {
    const { user, userProcess, stored } = await place(t)
    await user(['add', 'alice'])
    const results = await Promise.all(
      ['reset-password', 'reset-password', 'disable', 'reset-mfa'].map(async (verb) =>
        userProcess([verb, 'alice']),
      ),
    )
    for (const { code, stderr } of results)
      if (code !== 0) assert.match(stderr, /changed at the same moment: try again|the store/)
    const done = results.filter(({ code }) => code === 0).length
    assert.equal((await stored('alice'))?.epoch, done)
    assert.equal((await stored('alice'))?.disabled, true)
  })
})
