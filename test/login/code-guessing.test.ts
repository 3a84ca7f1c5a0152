import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TOTP } from 'otpauth'
import { newTotpSecret } from '../../src/login/totp.ts'
import type { Answer } from '../support/clients.ts'
import { ENGINES, PASSWORD, testBrowser, type TestBrowser } from '../support/login-door.ts'
import { provedSession } from '../support/proved-session.ts'
import { throttledDoor, type ThrottledDoor } from '../support/throttled-door.ts'

/** A user with an authenticator app, which shows the code of the door's time. */
async function userWithApp(
  door: ThrottledDoor,
): Promise<{ readonly name: string; right(): string; wrong(): string }> {
  const secret = newTotpSecret()
  const { name } = await door.addUser({}, { totp: { secret, lastStep: 0, addedAt: door.options.now() } })
  const app = new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 })
  const right = (ms = 0): string => app.generate({ timestamp: door.options.now() + ms })
  const wrong = (): string => {
    const near = new Set([-60_000, -30_000, 0, 30_000, 60_000].map(right))
    return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.has(code)) ?? ''
  }
  return { name, right, wrong }
}

/** A login that lacks the code. */
async function pendingLogin(
  door: ThrottledDoor,
  username: string,
  browser = testBrowser(door),
): Promise<TestBrowser> {
  const answer = await browser.post('/auth/login', { username, password: PASSWORD })
  assert.deepEqual(answer.json(), { next: 'second_factor' })
  return browser
}

const give = (browser: TestBrowser, code: string): Promise<Answer> => browser.post('/auth/factor', { code })

/** How many codes were looked at and found wrong. */
const looked = ({ events }: ThrottledDoor): number =>
  events.filter((event) => event.event === 'request.refused' && event.reason === 'second_factor_refused')
    .length

for (const engine of ENGINES)
  describe(`guessing codes, on ${engine}`, () => {
    test('ASVS 6.6.3: a pending login has five tries, then it is over', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name, right, wrong } = await userWithApp(door)
      const browser = await pendingLogin(door, name)
      for (let n = 0; n < 5; n++) assert.equal((await give(browser, wrong())).status, 401)
      const over = await give(browser, right())
      assert.equal(over.status, 429)
      assert.ok(Number(over.headers['retry-after']) > 0)
      assert.equal((await give(browser, right())).status, 401, 'the login is gone')
      assert.equal(looked(door), 5)
      assert.equal((await give(await pendingLogin(door, name), right())).status, 200)
    })

    test('ASVS 6.6.3: of 20 codes at once five are looked at', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name, wrong } = await userWithApp(door)
      const browser = await pendingLogin(door, name)
      await Promise.all(Array.from({ length: 20 }, () => give(browser, wrong())))
      assert.equal(looked(door), 5)
    })

    test('ASVS 6.6.3: other pending logins, and codes given at once with the password, are no further tries', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name, right, wrong } = await userWithApp(door)
      const own = await pendingLogin(door, name)
      assert.equal((await give(own, right())).status, 200)
      await door.elapse(60_000)
      const device = '__Host-sallyport-device'
      const known = testBrowser(door, [[device, own.cookies.get(device) ?? '']])

      for (let n = 0; n < 3; n++) {
        const attacker = await pendingLogin(door, name)
        for (let code = 0; code < 5; code++) await give(attacker, wrong())
      }
      for (let n = 0; n < 8; n++)
        await door.post('/auth/login', { username: name, password: PASSWORD, code: wrong(), token: true })
      assert.equal(looked(door), 20)
      // Such a login failed, too.
      await door.elapse(30_001)
      const stranger = await give(await pendingLogin(door, name), right())
      assert.ok(stranger.status === 429 && Number(stranger.headers['retry-after']) <= 900)
      assert.equal((await give(await pendingLogin(door, name, known), right())).status, 200, 'the owner')
    })

    test('ASVS 6.3.1: whoever found a session has as few guesses at the password of its user', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await door.addUser()
      const { token } = await provedSession(door, name)
      const guess = (password: string): Promise<Answer> =>
        door.post(
          '/auth/password',
          { password, newPassword: 'salted herring on tuesday' },
          { authorization: `Bearer ${token}` },
        )
      for (let n = 0; n < 5; n++) assert.equal((await guess('a wrong password')).status, 401)
      assert.equal((await guess(PASSWORD)).status, 429)
      await door.elapse(10 * 60_000 + 1)
      assert.equal((await guess(PASSWORD)).status, 200)
    })
  })
