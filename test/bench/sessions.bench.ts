import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { RedisStore } from 'connect-redis'
import { Cookie, type SessionData } from 'express-session'
import { Redis } from 'ioredis'
import { NO_LIVE_LIST } from '../../src/auth/revocation.ts'
import { liveSession } from '../../src/auth/live-session.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { endSessions } from '../../src/login/end-sessions.ts'
import { logIn } from '../../src/login/log-in.ts'
import { sessionsOf } from '../../src/login/sessions-of.ts'
import { openStore } from '../../src/store/open.ts'
import { ENGINES, PASSWORD, startDoor, type Engine, type LoginDoor } from '../support/login-door.ts'
import { provedSession } from '../support/proved-session.ts'
import { startRedis } from '../support/redis.ts'
import { newSession, newUser, SEAL } from '../support/session-records.ts'

const SESSIONS_EACH = 10
const SAMPLES = 400
const CHECKS = 300
const ROUNDS = 41
const THEIRS = 'get and touch of connect-redis'
const OURS = 'our check in the store'

const CALLER = { requestId: 'bench', address: '127.0.0.1', userAgent: 'bench/1.0' }

interface Filled {
  readonly door: LoginDoor
  readonly users: readonly string[]
}

/** A door on a store with this many users, each with {@link SESSIONS_EACH} sessions. */
async function filled(t: TestContext, engine: Engine, count: number): Promise<Filled> {
  const door = await startDoor(engine, (store) => ({
    announce: (ended) => store.revocations.revoke(ended),
    audit: { record: async () => undefined },
  }))
  t.after(() => door.close())
  const users: string[] = []
  for (let at = 0; at < count; at++) {
    const { name } = await door.addUser()
    for (let session = 0; session < SESSIONS_EACH; session++) await provedSession(door, name)
    users.push(name)
  }
  return { door, users }
}

/** Opens a session as a login does, and tells how to end it again. */
async function login({ options, store }: LoginDoor, username: string): Promise<() => Promise<unknown>> {
  const attempt = { username, password: PASSWORD, code: undefined, label: 'token' } as const
  const outcome = await logIn({ ...attempt, previous: undefined, caller: CALLER }, options)
  assert.equal(outcome.kind, 'opened')
  const { digest } = outcome.opened.record
  return () => store.sessions.end(digest, slotOf(username))
}

/** What is measured, for one user. What it comes to is undone without being measured, where there is something. */
const WORK: Readonly<Record<string, (door: LoginDoor, user: string) => Promise<unknown>>> = {
  list: ({ options }, user) => sessionsOf(user, options),
  login,
  'end all': ({ options }, user) => endSessions(user, { by: 'user:bench', caller: CALLER }, options),
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  const told = await work()
  const elapsed = performance.now() - began
  if (typeof told === 'function') await told()
  return elapsed
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

for (const engine of ENGINES)
  test(`with 10,000 sessions on ${engine} everything takes at most twice as long as with 100`, async (t) => {
    const [few, many] = [await filled(t, engine, 10), await filled(t, engine, 1_000)]
    for (const [what, work] of Object.entries(WORK)) {
      const times: { few: number[]; many: number[] } = { few: [], many: [] }
      // In turn, so that what else the machine does counts for both.
      for (let at = 0; at < SAMPLES; at++)
        for (const [name, { door, users }] of [
          ['few', few],
          ['many', many],
        ] as const) {
          const user = users[(at * 7) % users.length] ?? ''
          times[name].push(await took(() => work(door, user)))
        }
      const [small, large] = [median(times.few), median(times.many)]
      const ratio = large / small
      t.diagnostic(
        `${engine}, ${what}: ${small.toFixed(3)} ms at 100 sessions, ${large.toFixed(3)} ms at 10,000: ${ratio.toFixed(2)} times`,
      )
      assert.ok(ratio <= 2, `${what} takes ${ratio.toFixed(2)} times as long`)
    }
  })

test('a session check on Redis costs no more than get and touch of connect-redis', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.stop())
  const store = await openStore(redis.url, { now: Date.now, slotOf })
  // As bounded in time as ours.
  const raw = new Redis(redis.url, { commandTimeout: 250, maxRetriesPerRequest: 1 })
  t.after(async () => {
    raw.disconnect()
    await store.close()
  })
  const user = newUser()
  await store.users.create(user)
  const now = Date.now()
  const keys = { ...sessionKeys([randomBytes(48).toString('base64')]), seal: SEAL }
  const session = newSession(user, now, { idleTimeout: 1_800_000, expiresAt: now + 43_200_000 })
  assert.ok(await store.sessions.open(session.record, now + 1_800_000, undefined, now, 20))
  const access = { sessions: store.sessions, keys, revocations: NO_LIVE_LIST, binding: 'none' } as const
  const theirs = new RedisStore({ client: raw, prefix: 'theirs:', ttl: 1_800 })
  const { digest: _digest, mac: _mac, ...fields } = session.record
  const data = { cookie: new Cookie(), ...fields } as SessionData
  await theirs.set('id', data)

  const candidates = {
    [THEIRS]: async () => {
      const found = await theirs.get('id')
      assert.ok(found)
      await theirs.touch('id', found)
    },
    [OURS]: async () => {
      assert.ok(await store.sessions.validate(session.digest, session.slot, now + 1))
    },
    'our check, with token, seal and binding': async () => {
      const presented = { token: session.token, now: now + 1, use: 'use', address: undefined } as const
      const found = await liveSession({ ...presented, certificateKey: undefined }, access)
      assert.equal(found.kind, 'live')
    },
  }
  const rounds: Record<string, number>[] = []
  const waits: Record<string, number>[] = []
  // In turn, so that what else the machine does counts for all, and compared within each round.
  for (let round = 0; round < ROUNDS; round++) {
    const cpu: Record<string, number> = {}
    const wait: Record<string, number> = {}
    for (const [name, work] of Object.entries(candidates)) {
      const before = process.cpuUsage()
      const elapsed = await took(async () => {
        for (let at = 0; at < CHECKS; at++) await work()
      })
      const { user: inUser, system } = process.cpuUsage(before)
      cpu[name] = (inUser + system) / CHECKS
      wait[name] = (elapsed * 1_000) / CHECKS
    }
    rounds.push(cpu)
    waits.push(wait)
  }
  const ratios: Record<string, number> = {}
  for (const name of Object.keys(candidates)) {
    const of = (each: readonly Record<string, number>[]): number =>
      median(each.map((one) => one[name] ?? NaN))
    ratios[name] = median(rounds.map((one) => (one[name] ?? NaN) / (one[THEIRS] ?? NaN)))
    t.diagnostic(
      `${name}: ${of(rounds).toFixed(1)} us of CPU (${ratios[name].toFixed(2)}), ${of(waits).toFixed(0)} us until it is answered`,
    )
  }
  // A busy machine blurs it.
  assert.ok((ratios[OURS] ?? NaN) < 1.1)
})
