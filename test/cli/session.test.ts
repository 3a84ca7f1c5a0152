import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { readTrail } from '../../src/audit/read-trail.ts'
import { defaultAccessDocument } from '../../src/access/default-document.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import type { ListedSession } from '../../src/login/listed-session.ts'
import { sessionId } from '../../src/login/session-id.ts'
import type { User } from '../../src/login/user.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { sallyport, type Finished } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { startRedis } from '../support/redis.ts'
import { newSession, newUser, type TestSession } from '../support/session-records.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Place {
  readonly directory: string
  readonly store: Store
  session(...args: readonly string[]): Promise<Finished>
  /** The same in a process of its own. */
  sessionProcess(...args: readonly string[]): Promise<Finished>
  user(fields?: Partial<User>): Promise<User>
  opened(user: User, fields?: Parameters<typeof newSession>[2]): Promise<TestSession>
  isLive(session: TestSession): Promise<boolean>
  /** What is on record, without what every line of the trail has. */
  recorded(): Promise<readonly Record<string, unknown>[]>
}

/** An installation without a session secret and without a factor key. */
async function place(t: TestContext, engine: string): Promise<Place> {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'access.yaml'), defaultAccessDocument())
  await writeFile(join(directory, 'sallyport.yaml'), '# defaults\n')
  await mkdir(join(directory, 'data'), { mode: 0o700 })
  const redis = engine === 'redis' ? await startRedis() : undefined
  const location = redis?.url ?? `sqlite:${join(directory, 'data', 'sallyport.db')}`
  const store = await openStore(location, { now: Date.now, slotOf })
  t.after(async () => {
    await store.close()
    await redis?.stop()
  })
  const env = redis === undefined ? {} : { SALLYPORT_STORE: redis.url }
  return {
    directory,
    store,
    session: (...args) => inProcess(['session', ...args], { cwd: directory, env }),
    sessionProcess: (...args) => sallyport(['session', ...args], { cwd: directory, env }),
    async user(fields) {
      const user = newUser(fields)
      await store.users.create(user)
      return user
    },
    async opened(user, fields = {}) {
      const now = Date.now()
      const life = { idleTimeout: 3_600_000, expiresAt: now + 3_600_000 }
      const session = newSession(user, now, { ...life, ...fields })
      assert.ok(await store.sessions.open(session.record, now + 3_600_000, undefined, now, 20))
      return session
    },
    isLive: async ({ digest, slot }) =>
      (await store.sessions.validate(digest, slot, Date.now(), 'look')) !== undefined,
    async recorded() {
      const events: Record<string, unknown>[] = []
      for await (const { event } of readTrail(join(directory, 'data', 'audit'))) events.push({ ...event })
      return events.filter(({ event }) => !String(event).startsWith('audit.'))
    },
  }
}

for (const engine of ['sqlite', 'redis'])
  describe(`session, on ${engine}`, () => {
    test('lists the sessions of a user and of everybody, and shows no digest', async (t) => {
      const { session, sessionProcess, user, opened } = await place(t, engine)
      const [alice, bob] = [await user(), await user()]
      const mine = await opened(alice, { userAgent: 'Mozilla/5.0 (X11; Linux) Firefox/140.0' })
      await opened(alice, { pending: 'second_factor' })
      await opened(bob, { userAgent: 'evil\u001b[2J' })
      const one = await session('list', alice.name, '--json')
      assert.equal(one.code, 0, one.stderr)
      const rows = JSON.parse(one.stdout) as (ListedSession & { user: string })[]
      assert.deepEqual(rows.map(({ user: name, pending }) => `${name} ${pending}`).toSorted(), [
        `${alice.name} null`,
        `${alice.name} second_factor`,
      ])
      assert.ok(rows.some(({ id, device }) => id === sessionId(mine.digest) && device.startsWith('Firefox')))
      assert.ok(!one.stdout.includes(mine.digest))
      const everybody = await sessionProcess('list')
      assert.match(everybody.stdout, /^USER +ID +DEVICE +ADDRESS +PROVED +LOGGED IN +LAST SEEN\n/)
      assert.match(everybody.stdout, /password, lacks second_factor/)
      assert.ok(!everybody.stdout.includes('\u001b'))
      assert.equal(everybody.stdout.trim().split('\n').length, 4)
    })

    test('ASVS 7.4.5: ends all sessions of a user, on record and in the history', async (t) => {
      const { sessionProcess, user, opened, isLive, recorded, store } = await place(t, engine)
      const [alice, bob] = [await user(), await user()]
      const [one, two, his] = [await opened(alice), await opened(alice), await opened(bob)]
      const { code, stdout, stderr } = await sessionProcess('revoke', alice.name)
      assert.deepEqual([code, stderr], [0, ''])
      assert.equal(stdout, `the sessions of ${alice.name} have ended\n`)
      assert.deepEqual([await isLive(one), await isLive(two), await isLive(his)], [false, false, true])
      const [event, ...others] = await recorded()
      assert.deepEqual(others, [])
      assert.deepEqual(
        [event?.['event'], event?.['principal'], event?.['by']],
        ['user.sessions_ended', `user:${alice.name}`, 'operator'],
      )
      assert.equal((await store.histories.list(alice.name))[0]?.event, 'sessions_ended')
      const { entries } = await store.revocations.read(0)
      assert.deepEqual(
        entries.map((entry) => entry.kind === 'user' && [entry.user, entry.epoch]),
        [[alice.name, 1]],
      )
    })

    test('ends one session by its id', async (t) => {
      const { session, user, opened, isLive, recorded, store } = await place(t, engine)
      const alice = await user()
      const [one, two] = [await opened(alice), await opened(alice)]
      const id = sessionId(one.digest)
      const { code, stdout } = await session('revoke', alice.name, id, '--json')
      assert.deepEqual([code, JSON.parse(stdout)], [0, { user: alice.name, id }])
      assert.deepEqual([await isLive(one), await isLive(two)], [false, true])
      const [event] = await recorded()
      assert.deepEqual(
        [event?.['event'], event?.['reason'], event?.['credential']],
        ['session.ended', 'ended_by_operator', `sha256:${one.digest}`],
      )
      assert.deepEqual(
        (await store.revocations.read(0)).entries.map(({ kind }) => kind),
        ['session'],
      )
      const again = await session('revoke', alice.name, id)
      assert.equal(again.code, 1)
      assert.match(again.stderr, /has no session "[0-9a-f]{16}": "npx sallyport session list/)
    })

    test('ASVS 7.4.5: ends the sessions of everybody, if it is told to in so many words', async (t) => {
      const { session, user, opened, isLive, recorded } = await place(t, engine)
      const sessions = [await opened(await user()), await opened(await user())]
      const asked = await session('revoke', '--all')
      assert.equal(asked.code, 1)
      assert.match(asked.stderr, /nothing was done: say --yes/)
      for (const one of sessions) assert.equal(await isLive(one), true)
      const { code } = await session('revoke', '--all', '--yes')
      assert.equal(code, 0)
      for (const one of sessions) assert.equal(await isLive(one), false)
      assert.equal((await recorded()).length, 2)
    })

    test('says who is not there, and what is wrong usage', async (t) => {
      const { session } = await place(t, engine)
      for (const args of [
        ['list', 'nobody'],
        ['revoke', 'nobody'],
        ['revoke', 'nobody', 'x'],
      ]) {
        const { code, stderr } = await session(...args)
        assert.equal(code, 1)
        assert.match(stderr, /there is no user "nobody"/)
      }
      assert.equal((await session('revoke')).code, 2)
      assert.equal((await session('revoke', 'alice', '--all')).code, 2)
      const { code, stdout } = await session('list')
      assert.deepEqual([code, stdout], [0, 'nobody is logged in\n'])
    })

    test('an end goes through without the audit trail, and says that it is not on record', async (t) => {
      const { session, user, opened, isLive, directory } = await place(t, engine)
      const alice = await user()
      const one = await opened(alice)
      await writeFile(join(directory, 'data', 'audit'), 'in the way')
      const { code, stdout, stderr } = await session('revoke', alice.name)
      assert.equal(code, 1)
      assert.match(stdout, /have ended/)
      assert.match(stderr, /it is done, but not on record/)
      assert.equal(await isLive(one), false)
    })
  })
