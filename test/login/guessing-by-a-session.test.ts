import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SESSION_COOKIE } from '../../src/auth/session-credential.ts'
import { answerDevice, askedDevice, browserWith } from '../support/device.ts'
import { factorUser } from '../support/factor-user.ts'
import { ENGINES, PASSWORD, testBrowser, type TestBrowser } from '../support/login-door.ts'
import { throttledDoor, type ThrottledDoor } from '../support/throttled-door.ts'

const DEVICE_COOKIE = '__Host-sallyport-device'
const HOUR = 3_600_000
const WRONG_CODE = '0000-0000-0000-0000-0000-0000'
/** What a day begins with: for the account, and for one known device. */
const MOST = 40

/** A browser with a session in which everything was proved an hour ago. */
async function oldSession(door: ThrottledDoor, user: string): Promise<TestBrowser> {
  const then = door.options.now() - HOUR
  const { browser } = await browserWith(door, user, {
    authenticatedAt: then,
    mfaAt: then,
    authenticationMethods: ['password', 'totp'],
  })
  return browser
}

/** Tries something until it is one try too many: how many were checked. */
async function checked(tries: number, guess: () => Promise<number>): Promise<number> {
  for (let count = 0; count < tries; count++) if ((await guess()) === 429) return count
  return tries
}

for (const engine of ENGINES)
  describe(`guesses within a session that was stolen, on ${engine}`, () => {
    test('ASVS 6.3.1: who knows the password, too, does not begin anew with codes by changing it', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name } = await factorUser(door)
      let browser = await oldSession(door, name)
      let password = PASSWORD
      let total = 0
      for (let round = 0; round < 16; round++) {
        total += await checked(4, async () => {
          const answer = await browser.post('/auth/reauthenticate', { password, code: WRONG_CODE })
          return answer.status
        })
        // A browser that was never seen: whoever holds a session can always pretend to be one.
        browser = testBrowser(door, [[SESSION_COOKIE, browser.cookies.get(SESSION_COOKIE) ?? '']])
        const newPassword = `${PASSWORD} ${round} and some more`
        const changed = await browser.post('/auth/password', { password, newPassword })
        if (changed.status !== 200) break
        password = newPassword
      }
      assert.ok(total <= MOST, `${total} codes were checked`)
    })

    test('nor in a browser that is known', async (t) => {
      const door = await throttledDoor(t, engine)
      const { name, code } = await factorUser(door)
      const first = testBrowser(door)
      await first.post('/auth/login', { username: name, password: PASSWORD, code: code() })
      const device = first.cookies.get(DEVICE_COOKIE)
      assert.ok(device)
      const { cookies } = await oldSession(door, name)
      const browser = testBrowser(door, [...cookies, [DEVICE_COOKIE, device]])
      let password = PASSWORD
      let total = 0
      for (let round = 0; round < 16; round++) {
        total += await checked(4, async () => {
          const answer = await browser.post('/auth/reauthenticate', { password, code: WRONG_CODE })
          return answer.status
        })
        const newPassword = `${PASSWORD} ${round} and some more`
        const changed = await browser.post('/auth/password', { password, newPassword })
        if (changed.status !== 200) break
        password = newPassword
      }
      assert.ok(total <= MOST, `${total} codes were checked`)
    })

    test('nor by the code of a terminal of his own', async (t) => {
      const door = await throttledDoor(t, engine, {
        limits: { pending: { name: 'pending', points: 1_000, seconds: 600 } },
      })
      const { name } = await door.addUser()
      const first = testBrowser(door)
      await first.post('/auth/login', { username: name, password: PASSWORD })
      const { userCode } = await askedDevice(door)
      const total = await checked(60, async () => {
        const answer = await first.post('/auth/password', {
          password: 'a wrong password',
          newPassword: 'several words that are new here',
        })
        if (answer.status !== 429) await answerDevice(first, userCode)
        return answer.status
      })
      assert.ok(total <= MOST, `${total} passwords were checked`)
    })
  })
