import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { deviceOf, DEVICE_LIFE } from '../../src/login/known-device.ts'
import type { Answer } from '../support/clients.ts'
import { ENGINES, PASSWORD, testBrowser, type TestBrowser } from '../support/login-door.ts'
import { throttledDoor, type ThrottledDoor, type ThrottledDoorOptions } from '../support/throttled-door.ts'

const COOKIE = '__Host-sallyport-device'
const WRONG = 'a wrong password'

const cookieOf = (browser: TestBrowser): string => browser.cookies.get(COOKIE) ?? ''

/** A browser in which a user logged in, and no session. */
async function knownBrowser(door: ThrottledDoor, username: string): Promise<TestBrowser> {
  const browser = testBrowser(door)
  await browser.post('/auth/login', { username, password: PASSWORD })
  return testBrowser(door, [[COOKIE, cookieOf(browser)]])
}

/** Guesses at a user's password from so many addresses, until nobody unknown may. */
async function attack(door: ThrottledDoor, username: string, addresses = 8): Promise<void> {
  for (let guess = 0; guess < 5; guess++)
    await Promise.all(
      Array.from({ length: addresses }, (_, n) =>
        door.ask('/auth/login', {
          method: 'POST',
          body: JSON.stringify({ username, password: WRONG }),
          headers: { 'content-type': 'application/json' },
          localAddress: `127.0.7.${n + 1}`,
        }),
      ),
    )
}

const logIn = (browser: TestBrowser, username: string, password = PASSWORD): Promise<Answer> =>
  browser.post('/auth/login', { username, password })

/** The device that the door sees behind a cookie. */
const seen = (door: ThrottledDoor, cookie: string, user: string): Promise<string | undefined> =>
  deviceOf({ address: '127.0.0.1', deviceCookie: cookie }, user, door.options)

for (const engine of ENGINES)
  describe(`a known device, on ${engine}`, () => {
    test('ASVS 6.1.1: nobody keeps a user out of a browser that he used before; elsewhere he waits a minute', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const known = await knownBrowser(door, name)
      await attack(door, name)
      const elsewhere = await logIn(testBrowser(door), name)
      assert.equal(elsewhere.status, 429)
      assert.ok(Number(elsewhere.headers['retry-after']) <= 60)
      assert.equal((await logIn(known, name)).status, 200)
      await door.elapse(60_001)
      assert.equal((await logIn(testBrowser(door), name)).status, 200)
    })

    test('ASVS 6.1.1: nor does a flood of all names, or one from his own address', async (t) => {
      const door = await throttledDoor(t, engine, { perMinute: 10, perAddress: 10 })
      const { name } = await door.addUser()
      const known = await knownBrowser(door, name)
      for (let n = 0; n < 12; n++) await logIn(testBrowser(door), `nobody-${n}`, WRONG)
      assert.equal((await logIn(testBrowser(door), name)).status, 429)
      assert.equal((await logIn(known, name)).status, 200)
    })

    test('ASVS 6.1.1: nor does who knows his password and tries codes, or logs in all the time', async (t) => {
      const door = await throttledDoor(t, engine, {
        limits: { logins: { name: 'logins', points: 3, seconds: 3600 } },
      })
      const { name } = await door.addUser()
      const known = await knownBrowser(door, name)
      for (let n = 0; n < 4; n++) await logIn(testBrowser(door), name)
      assert.equal((await logIn(testBrowser(door), name)).status, 429)
      assert.equal((await logIn(known, name)).status, 200)
      const { throttle } = door.options
      const guess = (digest: string, deviceCookie?: string) =>
        throttle.code({
          user: name,
          digest,
          caller: { address: '127.0.0.1', ...(deviceCookie === undefined ? {} : { deviceCookie }) },
        })
      for (let n = 0; n < 20; n++) assert.equal((await guess(`of the attacker ${n >> 2}`)).kind, 'go')
      assert.equal((await guess('another of the attacker')).kind, 'wait')
      assert.equal((await guess('of the owner', cookieOf(known))).kind, 'go')
    })

    test('ASVS 6.3.1: whoever stole its cookie has as many guesses as any stranger', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const thief = await knownBrowser(door, name)
      for (let n = 0; n < 5; n++) assert.equal((await logIn(thief, name, WRONG)).status, 401)
      const refused = await logIn(thief, name)
      assert.ok(refused.status === 429 && Number(refused.headers['retry-after']) <= 30)
      assert.equal((await logIn(testBrowser(door), name)).status, 200)
    })

    test("a forged cookie, another user's, and one that is there twice give nothing, and are no error", async (t) => {
      const door = await throttledDoor(t, engine)
      const [{ name }, { name: other }] = [await door.addUser(), await door.addUser()]
      const good = cookieOf(await knownBrowser(door, name))
      const others = cookieOf(await knownBrowser(door, other))
      const [id = '', epoch = '', given = '', mac = ''] = good.split('.')
      await attack(door, name)
      const forged = [
        others,
        `${randomBytes(16).toString('base64url')}.${epoch}.${given}.${mac}`,
        `${id}.${epoch}.${given}.${randomBytes(32).toString('base64url')}`,
        `${id}.${epoch}.${given}.${mac}x`,
        `${good} `.repeat(20),
        'x'.repeat(8_000),
        `${good}; ${COOKIE}=${good}`,
        '%',
        '',
      ]
      for (const cookie of forged) {
        const answer = await logIn(testBrowser(door, [[COOKIE, cookie]]), name)
        assert.equal(answer.status, 429, cookie.slice(0, 80))
        const page = await testBrowser(door, [[COOKIE, cookie]]).get('/login')
        assert.equal(page.status, 200, cookie.slice(0, 80))
      }
      assert.equal((await logIn(testBrowser(door, [[COOKIE, good]]), name)).status, 200)
    })

    test('ASVS 7.4.3: once all sessions of a user are ended, none of his browsers is known', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const cookie = cookieOf(await knownBrowser(door, name))
      assert.notEqual(await seen(door, cookie, name), undefined)
      await door.store.sessions.endAll(name)
      assert.equal(await seen(door, cookie, name), undefined)
    })

    test('whoever changes his password keeps the browser in which he did, and no other', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const other = cookieOf(await knownBrowser(door, name))
      const browser = testBrowser(door)
      await logIn(browser, name)
      const before = cookieOf(browser)
      const change = { password: PASSWORD, newPassword: 'salted herring on tuesday' }
      assert.equal((await browser.post('/auth/password', change)).status, 200)
      assert.equal(await seen(door, before, name), undefined)
      assert.equal(await seen(door, other, name), undefined)
      assert.equal(await seen(door, cookieOf(browser), name), before.split('.')[0])
    })
  })

test('a browser keeps its id from one login to the next, for 90 days after the last', async (t) => {
  const door = await throttledDoor(t, 'sqlite')
  const { name } = await door.addUser()
  const browser = testBrowser(door)
  const answer = await logIn(browser, name)
  const line = answer.headers['set-cookie']?.find((one) => one.startsWith(COOKIE)) ?? ''
  for (const attribute of ['Max-Age=7776000', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    assert.ok(line.includes(`; ${attribute}`), `${attribute} in ${line}`)
  assert.ok(!line.includes(name))
  const first = cookieOf(browser)
  await door.elapse(DEVICE_LIFE - 1_000)
  await logIn(browser, name)
  assert.equal(cookieOf(browser).split('.')[0], first.split('.')[0])
  await door.elapse(1_001)
  assert.equal(await seen(door, first, name), undefined)
  assert.notEqual(await seen(door, cookieOf(browser), name), undefined)
})

test('only a complete login makes a browser known, and a token none', async (t) => {
  const door = await throttledDoor(t, 'sqlite')
  const pending = await door.addUser({ name: 'u-mfa-pending' })
  const browser = testBrowser(door)
  assert.deepEqual((await logIn(browser, pending.name)).json(), { next: 'enrol' })
  assert.equal(cookieOf(browser), '')
  const { name } = await door.addUser()
  const answer = await browser.post('/auth/login', { username: name, password: PASSWORD, token: true })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['set-cookie'], undefined)
})

test('a browser is known on through a rotation of the session secrets', async (t) => {
  const secrets = [randomBytes(48).toString('base64'), randomBytes(48).toString('base64')]
  const [older = '', newer = ''] = secrets
  const user = { name: 'u-rotated' }
  const doors = async (keys: ThrottledDoorOptions['keys']): Promise<ThrottledDoor> => {
    const door = await throttledDoor(t, 'sqlite', keys === undefined ? {} : { keys })
    await door.addUser(user)
    return door
  }
  const before = await doors(sessionKeys([older]))
  const cookie = cookieOf(await knownBrowser(before, user.name))
  assert.notEqual(await seen(await doors(sessionKeys([newer, older])), cookie, user.name), undefined)
  assert.equal(await seen(await doors(sessionKeys([newer])), cookie, user.name), undefined)
})
