import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { isSallyportError } from '../../src/errors.ts'
import { storeThrottle } from '../../src/login/store-throttle.ts'
import { throttleLimits, type ThrottleSettings } from '../../src/login/throttle-limits.ts'
import type { Throttle } from '../../src/login/throttle.ts'
import { startCounting, type CountingStore } from '../support/counting-store.ts'
import { ENGINES, PASSWORD, testBrowser, type Engine } from '../support/login-door.ts'
import { provedSession } from '../support/proved-session.ts'
import { throttledDoor } from '../support/throttled-door.ts'

async function throttleOn(
  t: TestContext,
  engine: Engine,
  settings: ThrottleSettings,
): Promise<{ readonly throttle: Throttle; readonly counting: CountingStore }> {
  const counting = await startCounting(engine)
  t.after(() => counting.close())
  const throttle = storeThrottle({
    limits: throttleLimits(settings),
    rateLimits: counting.store.rateLimits,
    keys: sessionKeys(['a session secret that is used by tests only']).throttle,
    deviceOf: async () => undefined,
  })
  return { throttle, counting }
}

/** Another network each, IPv4 and IPv6. */
const networkOf = (n: number): string =>
  n % 2 === 0
    ? `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
    : `2001:db8:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::1`

/** Whether a try is let through. A store that is too busy to count lets nobody through. */
async function isLetThrough(throttle: Throttle, user: string, address: string): Promise<boolean> {
  try {
    return (await throttle.login({ user, caller: { address } })).kind === 'go'
  } catch (error) {
    if (!isSallyportError(error, 'STORE_UNAVAILABLE')) throw error
    return false
  }
}

/** Failed logins with another name from another network each; how many were let through. */
async function flood(throttle: Throttle, first: number, count: number): Promise<number> {
  let passed = 0
  for (let at = first; at < first + count; at += 10) {
    const some = Array.from({ length: 10 }, (_, n) =>
      isLetThrough(throttle, `a name that is not ${'long '.repeat(n)}${at + n}`, networkOf(at + n)),
    )
    passed += (await Promise.all(some)).filter(Boolean).length
  }
  return passed
}

for (const engine of ENGINES)
  describe(`floods, on ${engine}`, () => {
    test('1,500 names from 1,500 networks leave three counters for each of the 300 tries that a minute has', async (t) => {
      const { throttle, counting } = await throttleOn(t, engine, { perAddress: 100, perMinute: 300 })
      const passed = await flood(throttle, 0, 1_500)
      assert.ok(passed > 200 && passed <= 300, String(passed))
      const counters = await counting.counters()
      assert.ok(counters.size <= 1 + 3 * 300, String(counters.size))
      const lengths = [...counters.keys()].map((key) => key.length)
      assert.ok(Math.max(...lengths) <= 80, String(Math.max(...lengths)))
      assert.ok([...counters.values()].every((life) => life > 0 && life <= 3_600_000))
    })

    test('a flood that goes on for hours leaves no more than that of one hour', async (t) => {
      const perMinute = 10
      const { throttle, counting } = await throttleOn(t, engine, { perAddress: 100, perMinute })
      // A quarter of an hour of networks, an hour of names by network and of names; what is over is removed later.
      const bound = 1 + perMinute * (15 + 60 + 60)
      let most = 0
      for (let minute = 0; minute < 90; minute++) {
        assert.ok((await flood(throttle, minute * 20, 20)) <= perMinute)
        await counting.elapse(60_001)
        if (minute % 10 === 9) most = Math.max(most, (await counting.counters()).size)
      }
      t.diagnostic(`${most} counters at the most, of ${bound}`)
      assert.ok(most <= bound)
      assert.ok(most > bound / 2)
    })

    test('guesses at one account from 1,000 networks are 20, and leave no more counters than a minute has tries', async (t) => {
      const { throttle, counting } = await throttleOn(t, engine, { perAddress: 100, perMinute: 300 })
      let passed = 0
      for (let at = 0; at < 1_000; at += 50) {
        const some = Array.from({ length: 50 }, (_, n) => isLetThrough(throttle, 'alice', networkOf(at + n)))
        passed += (await Promise.all(some)).filter(Boolean).length
      }
      assert.ok(passed > 10 && passed <= 20, String(passed))
      // Those at the same moment were counted first and refused then: what they leave is of the 300 of this minute.
      assert.ok((await counting.counters()).size <= 3 + 2 * 300)
    })

    test('pending logins of one user are five at the most, and leave his sessions alone', async (t) => {
      const door = await throttledDoor(t, engine)
      const totp = { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', lastStep: 0, addedAt: door.options.now() }
      const { name } = await door.addUser({}, { totp })
      const { token } = await provedSession(door, name)
      for (let n = 0; n < 12; n++) {
        const answer = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
        assert.equal((answer.json() as { next: string }).next, 'second_factor')
      }
      const live = await door.store.sessions.list(name, door.options.now())
      assert.equal(live.filter(({ record }) => record.pending !== null).length, 5)
      const own = { headers: { authorization: `Bearer ${token}` } }
      assert.equal((await door.ask('/auth/session', own)).status, 200)
    })
  })

test('in a Redis that strangers filled nobody logs in, and logout, disable and revoke go through', async (t) => {
  const door = await throttledDoor(t, 'redis')
  const [leaving, disabled, ended] = [await door.addUser(), await door.addUser(), await door.addUser()]
  const browsers = new Map(
    await Promise.all(
      [leaving, disabled, ended].map(async ({ name }) => {
        const browser = testBrowser(door)
        await browser.post('/auth/login', { username: name, password: PASSWORD })
        return [name, browser] as const
      }),
    ),
  )
  const statusOf = async (name: string): Promise<number | undefined> =>
    (await browsers.get(name)?.get('/auth/session'))?.status
  const redis = new Redis(door.redis?.url ?? '')
  redis.on('error', () => undefined)
  t.after(() => redis.disconnect())
  await redis.config('SET', 'maxmemory-policy', 'noeviction')
  await redis.config('SET', 'maxmemory', '1')
  await assert.rejects(redis.set('one more', 'x'), /OOM/)

  const attempt = await door.post('/auth/login', { username: leaving.name, password: PASSWORD })
  assert.equal(attempt.status, 503)
  await assert.rejects(door.options.throttle.login({ user: 'x', caller: { address: '10.0.0.1' } }), (error) =>
    isSallyportError(error, 'STORE_UNAVAILABLE'),
  )
  for (const { name } of [leaving, disabled, ended]) assert.equal(await statusOf(name), 200)
  assert.equal((await browsers.get(leaving.name)?.post('/auth/logout'))?.status, 204)
  assert.notEqual(await door.store.users.setDisabled(disabled.name, true), undefined)
  assert.notEqual(await door.store.sessions.endAll(ended.name), undefined)
  for (const { name } of [leaving, disabled, ended]) assert.equal(await statusOf(name), 401)
  const serial = { issuer: 'ab'.repeat(32), serial: '0123' }
  await door.store.revocations.revoke([
    { kind: 'certificate', ...serial, until: door.options.now() + 60_000 },
  ])
  const { entries } = await door.store.revocations.read(0)
  assert.equal(entries.length, 1)

  await redis.config('SET', 'maxmemory', '0')
  assert.equal((await door.post('/auth/login', { username: ended.name, password: PASSWORD })).status, 200)
})
