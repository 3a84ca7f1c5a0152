import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newSessionToken } from '../../src/auth/session-token.ts'
import type { Answer } from '../support/clients.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import {
  ABSOLUTE,
  ENGINES,
  IDLE,
  PASSWORD,
  startDoor,
  testBrowser,
  type LoginDoor,
  type TestBrowser,
} from '../support/login-door.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const NEW_PASSWORD = 'another long password'

test('ASVS 7.2.3: tokens have 256 bits from the random source of the system, and no two are alike', () => {
  const tokens = Array.from({ length: 10_000 }, () => newSessionToken('alice'))
  assert.equal(new Set(tokens).size, tokens.length)
  const bits = tokens.map((token) => Buffer.from(token.slice('sps_1234_'.length), 'base64url'))
  assert.ok(bits.every((bytes) => bytes.length === 32))
  const ones = Buffer.concat(bits).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  // Six times the standard deviation of that many coins.
  const all = tokens.length * 256
  assert.ok(Math.abs(ones - all / 2) < 3 * Math.sqrt(all))
})

for (const engine of ENGINES)
  describe(`the life of a session, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const login = async (username: string, headers: Record<string, string> = {}): Promise<string> => {
      const body = { username, password: PASSWORD, token: true }
      return tokenIn(await door.post('/auth/login', body, headers))
    }
    const tokenIn = (answer: Answer): string => {
      assert.equal(answer.status, 200, answer.body)
      const { token, pending } = answer.json() as { token?: string; pending?: string }
      return token ?? pending ?? assert.fail()
    }
    const statusOf = async (token: string): Promise<number> =>
      (await door.ask('/auth/session', { headers: bearer(token) })).status
    const signedIn = async (username: string): Promise<TestBrowser> => {
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username, password: PASSWORD })
      return browser
    }

    test('ASVS 7.3.1: it ends when it was not used for 30 minutes, in a browser and by token', async () => {
      assert.equal(IDLE, 30 * MINUTE)
      const { name } = await door.addUser()
      const [token, browser] = [await login(name), await signedIn(name)]
      door.advance(IDLE - 5 * SECOND)
      assert.equal(await statusOf(token), 200)
      assert.equal((await browser.get('/account')).status, 200)
      door.advance(IDLE - 5 * SECOND)
      assert.equal(await statusOf(token), 200, 'it was used meanwhile')
      assert.equal((await browser.get('/account')).status, 200)
      door.advance(IDLE)
      assert.equal(await statusOf(token), 401)
      assert.equal((await browser.get('/account')).headers.location, '/login')
      assert.equal((await door.post('/auth/refresh', {}, bearer(token))).status, 401, 'and stays ended')
    })

    test('ASVS 7.3.1: to look at the list of sessions is a use of the one that looks, and of no other', async () => {
      const { name } = await door.addUser()
      const [watched, watching] = [await login(name), await login(name)]
      for (let minutes = 0; minutes < 30; minutes += 10) {
        door.advance(10 * MINUTE)
        assert.equal((await door.ask('/auth/sessions', { headers: bearer(watching) })).status, 200)
      }
      assert.deepEqual([await statusOf(watched), await statusOf(watching)], [401, 200])
    })

    test('ASVS 7.3.2: it ends after 12 hours, however often it is used or refreshed', async () => {
      assert.equal(ABSOLUTE, 12 * 60 * MINUTE)
      const { name } = await door.addUser()
      const [token, browser] = [await login(name), await signedIn(name)]
      for (let minutes = 20; minutes < 12 * 60; minutes += 20) {
        door.advance(20 * MINUTE)
        assert.equal((await door.post('/auth/refresh', {}, bearer(token))).status, 200, `${minutes} minutes`)
        assert.equal((await browser.get('/account')).status, 200)
      }
      door.advance(20 * MINUTE)
      assert.equal((await door.post('/auth/refresh', {}, bearer(token))).status, 401)
      assert.equal((await browser.get('/account')).headers.location, '/login')
    })

    test('ASVS 7.3.2: what was rotated without a new proof keeps its end', async () => {
      const { name } = await door.addUser()
      const token = await login(name)
      door.advance(4 * MINUTE)
      const next = tokenIn(await door.post('/auth/sessions/end-others', {}, bearer(token)))
      const ends = await Promise.all(
        [next].map(async (one) => {
          const answer = await door.ask('/auth/session', { headers: bearer(one) })
          return Date.parse((answer.json() as { expiresAt: string }).expiresAt)
        }),
      )
      const left = (ends[0] ?? 0) - door.options.now()
      assert.ok(left <= ABSOLUTE - 4 * MINUTE && left > ABSOLUTE - 5 * MINUTE, String(left))
    })

    test('ASVS 7.3.1: a login that lacks a step is good for five minutes, and no use makes that more', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      for (let minutes = 0; minutes < 4; minutes++) {
        door.advance(MINUTE)
        assert.equal((await door.post('/auth/factor', { code: '000000' }, bearer(pending))).status, 401)
      }
      door.advance(MINUTE)
      assert.equal((await door.post('/auth/factor', { code: user.code() }, bearer(pending))).status, 401)
    })

    test('ASVS 7.2.4: every proof opens a session under a new token, and ends the one it was given in', async () => {
      const user = await factorUser(door)
      const tokens = [await user.pending()]
      const present = (): string => tokens.at(-1) ?? ''
      const steps: readonly (readonly [path: string, body: () => object])[] = [
        ['/auth/factor', () => ({ code: user.code() })],
        ['/auth/reauthenticate', () => ({ password: PASSWORD, code: user.code() })],
        ['/auth/sessions/end-others', () => ({})],
        ['/auth/password', () => ({ password: PASSWORD, newPassword: NEW_PASSWORD })],
      ]
      for (const [path, body] of steps) {
        door.advance(31 * SECOND)
        tokens.push(tokenIn(await door.post(path, body(), bearer(present()))))
      }
      assert.equal(new Set(tokens).size, 5)
      for (const token of tokens.slice(0, -1)) assert.equal(await statusOf(token), 401)
      assert.equal(await statusOf(present()), 200)
    })

    test('ASVS 7.2.4: a login in a browser that is logged in replaces its session', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const held = browser.cookieHeader()
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      assert.notEqual(browser.cookieHeader(), held)
      assert.equal((await door.ask('/auth/session', { headers: { cookie: held } })).status, 401)
      assert.equal((await browser.get('/auth/session')).status, 200)
      const other = await door.addUser()
      const own = browser.cookieHeader()
      await browser.post('/auth/login', { username: other.name, password: PASSWORD })
      assert.equal((await door.ask('/auth/session', { headers: { cookie: own } })).status, 401)
    })

    test('ASVS 7.4.2: the sessions of a user end when he is disabled, and stay ended when he is enabled', async () => {
      const { name } = await door.addUser()
      const [token, browser] = [await login(name), await signedIn(name)]
      await door.store.users.setDisabled(name, true)
      assert.equal(await statusOf(token), 401)
      assert.equal((await browser.get('/account')).headers.location, '/login')
      await door.store.users.setDisabled(name, false)
      assert.equal(await statusOf(token), 401)
    })

    test('ASVS 7.4.4: every page of a session shows the way out', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      for (const path of ['/account', '/password', '/enrol', '/reauthenticate?account', '/device']) {
        const page = await browser.get(path)
        assert.equal(page.status, 200, path)
        assert.match(page.body, /<form method="post" action="\/auth\/logout"/, path)
      }
      const user = await factorUser(door)
      const pending = testBrowser(door)
      await pending.get('/login')
      await pending.submit('/auth/login', { username: user.name, password: PASSWORD })
      const factor = await pending.get('/second-factor')
      assert.match(factor.body, /<form method="post" action="\/auth\/logout"/)
      const forced = testBrowser(door)
      const fresh = await door.addUser({}, { oneTimeUntil: door.options.now() + MINUTE })
      await forced.get('/login')
      await forced.submit('/auth/login', { username: fresh.name, password: PASSWORD })
      const password = await forced.get('/password')
      assert.match(password.body, /<form method="post" action="\/auth\/logout"/)
    })
  })
