import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer } from '../support/clients.ts'
import { ENGINES, PASSWORD, testBrowser } from '../support/login-door.ts'
import { throttledDoor, type ThrottledDoor } from '../support/throttled-door.ts'

const WRONG = 'a wrong password'

/** Another machine: a stranger of whom nothing is known. */
const from = (n: number): string => `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`

async function logIn(
  door: ThrottledDoor,
  username: string,
  password = WRONG,
  localAddress = '127.0.0.1',
): Promise<Answer> {
  return door.ask('/auth/login', {
    method: 'POST',
    body: JSON.stringify({ username, password, token: true }),
    headers: { 'content-type': 'application/json' },
    localAddress,
  })
}

async function statuses(answers: Iterable<Promise<Answer>>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

const secondsIn = ({ headers }: Answer): number => Number(headers['retry-after'])

for (const engine of ENGINES)
  describe(`throttling, on ${engine}`, () => {
    test('ASVS 6.3.1: after five wrong passwords from one address even the right one has to wait, in these words', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      for (let n = 0; n < 5; n++) assert.equal((await logIn(door, name)).status, 401)
      const refused = await logIn(door, name, PASSWORD)
      assert.equal(refused.status, 429)
      assert.ok(secondsIn(refused) >= 28 && secondsIn(refused) <= 30, refused.headers['retry-after'])
      const { requestId: _requestId, ...words } = refused.json() as { requestId: string }
      const message = `Too many tries. Please wait ${secondsIn(refused)} seconds, then try again.`
      assert.deepEqual(words, { error: 'rate_limited', message })
      await door.elapse(30_001)
      assert.equal((await logIn(door, name, PASSWORD)).status, 200)
      for (let n = 0; n < 5; n++) assert.equal((await logIn(door, name)).status, 401, 'begins anew')
      assert.ok(secondsIn(await logIn(door, name)) <= 30)
    })

    test('ASVS 6.3.1: of 20 at once five are checked', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      assert.deepEqual(await statuses(times(20, () => logIn(door, name))), { 401: 5, 429: 15 })
    })

    test('a page says it too, with the form and what was typed, and it is on record without the name', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.get('/login')
      const submit = (): Promise<Answer> =>
        browser.submit(
          '/auth/login',
          { username: name, password: WRONG },
          { origin: `https://localhost:${door.port}` },
        )
      for (let n = 0; n < 5; n++) assert.equal((await submit()).status, 401)
      const refused = await submit()
      assert.equal(refused.status, 429)
      assert.match(refused.body, new RegExp(`Please wait ${secondsIn(refused)} seconds`))
      assert.match(refused.body, /<form method="post" action="\/auth\/login"/)
      assert.ok(refused.body.includes(`value="${name}"`))
      assert.ok(!refused.body.includes(WRONG))
      const last = door.events.at(-1)
      assert.equal(last?.event === 'request.refused' && last.reason, 'rate_limited')
      assert.ok(!JSON.stringify(last).includes(name))
    })

    test('ASVS 6.3.8: an unknown name is refused and slowed down as a known one is, byte for byte', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const unknown = `${name.slice(0, -1)}z`
      const seen = async (username: string): Promise<readonly string[]> => {
        const answers: string[] = []
        for (let n = 0; n < 8; n++) {
          const { status, headers, body } = await logIn(door, username)
          const { date: _date, 'retry-after': wait, 'content-length': length, etag, ...rest } = headers
          const words = body.replaceAll(/"requestId":"[^"]*"/g, '').replaceAll(/\d+ seconds/g, 'N seconds')
          answers.push(JSON.stringify([status, rest, words, length, etag, Number(wait) > 25]))
          if (n === 5) await door.elapse(30_001)
        }
        return answers
      }
      assert.deepEqual(await seen(unknown), await seen(name))
    })

    test('ASVS 6.3.1: guesses at many names from one address end, logins from there and guesses elsewhere do not count', async (t) => {
      const door = await throttledDoor(t, engine, { perAddress: 20 })
      const { name } = await door.addUser()
      for (let n = 0; n < 25; n++) assert.equal((await logIn(door, name, PASSWORD)).status, 200)
      assert.deepEqual(await statuses(times(30, (n) => logIn(door, `nobody-${n}`))), { 401: 20, 429: 10 })
      assert.equal((await logIn(door, name, PASSWORD)).status, 429)
      assert.equal((await logIn(door, name, PASSWORD, from(1))).status, 200)
      await door.elapse(15 * 60_000 + 1)
      assert.equal((await logIn(door, name, PASSWORD)).status, 200)
    })

    test('ASVS 6.3.1: from many addresses one account is tried 20 times, and five after each delay', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      assert.deepEqual(await statuses(times(40, (n) => logIn(door, name, WRONG, from(n + 1)))), {
        401: 20,
        429: 20,
      })
      await door.elapse(60_001)
      assert.deepEqual(await statuses(times(20, (n) => logIn(door, name, WRONG, from(n + 100)))), {
        401: 5,
        429: 15,
      })
      assert.equal((await logIn(door, 'somebody-else')).status, 401)
    })

    test('failed logins in all are bounded, and end within the minute', async (t) => {
      const door = await throttledDoor(t, engine, { perMinute: 10 })
      const { name } = await door.addUser()
      const guesses = times(20, (n) => logIn(door, `nobody-${n}`, WRONG, from(n + 1)))
      assert.deepEqual(await statuses(guesses), { 401: 10, 429: 10 })
      const refused = await logIn(door, name, PASSWORD)
      assert.ok(refused.status === 429 && secondsIn(refused) <= 60)
      await door.elapse(60_001)
      assert.equal((await logIn(door, name, PASSWORD)).status, 200)
    })

    test('logins that are let in are bounded too, since each leaves something in the store', async (t) => {
      const limits = { logins: { name: 'logins', points: 3, seconds: 3600 } }
      const door = await throttledDoor(t, engine, { limits })
      const { name } = await door.addUser()
      assert.deepEqual(await statuses(times(10, () => logIn(door, name, PASSWORD))), { 200: 3, 429: 7 })
      assert.equal((await door.store.sessions.list(name, door.options.now())).length, 3)
      await door.elapse(3_600_001)
      assert.equal((await logIn(door, name, PASSWORD)).status, 200)
    })

    test('without the store nobody is let through uncounted', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      if (door.redis === undefined) await door.store.close()
      else await door.redis.stop()
      for (const password of [WRONG, PASSWORD]) assert.equal((await logIn(door, name, password)).status, 503)
    })
  })
