import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { SallyportError } from '../../src/errors.ts'
import type { LoginOptions } from '../../src/login/options.ts'
import type { Store } from '../../src/store/store.ts'
import type { Answer } from '../support/clients.ts'
import {
  CHEAP,
  ENGINES,
  PASSWORD,
  startDoor,
  testBrowser,
  type Engine,
  type LoginDoor,
} from '../support/login-door.ts'

const NEW_PASSWORD = 'another long password'

async function doorFor(
  t: TestContext,
  engine: Engine,
  changes?: (store: Store) => Partial<LoginOptions>,
): Promise<LoginDoor> {
  const door = await startDoor(engine, changes)
  t.after(() => door.close())
  return door
}

/** Takes the store away, as far as the engine can lose it. */
async function loseStore(door: LoginDoor): Promise<void> {
  if (door.redis === undefined) await door.store.close()
  else await door.redis.stop()
}

function assertUnavailable(answer: Answer): void {
  assert.equal(answer.status, 503)
  assert.equal(answer.headers['retry-after'], '1')
  assert.equal(answer.headers['set-cookie'], undefined)
  const { requestId: _requestId, ...words } = answer.json() as { requestId: string }
  assert.deepEqual(words, {
    error: 'unavailable',
    message: 'This cannot be done at the moment. Please try again.',
  })
}

for (const engine of ENGINES)
  describe(`fails closed, on ${engine}`, () => {
    test('without the store every endpoint says so, in constant words', async (t) => {
      const door = await doorFor(t, engine)
      const { name } = await door.addUser()
      const credentials = { username: name, password: PASSWORD }
      const { token } = (await door.post('/auth/login', { ...credentials, token: true })).json() as {
        token: string
      }
      const browser = testBrowser(door)
      await browser.post('/auth/login', credentials)
      const { cookies } = browser
      const held = cookies.get('__Host-sallyport')
      await loseStore(door)
      for (const answer of [
        await door.post('/auth/login', credentials),
        await browser.post('/auth/login', credentials),
        await browser.post('/auth/logout'),
        await browser.post('/auth/refresh'),
        await browser.get('/auth/session'),
        await door.ask('/auth/session', { headers: { authorization: `Bearer ${token}` } }),
        await door.post('/auth/logout', undefined, { authorization: `Bearer ${token}` }),
        await door.post(
          '/auth/password',
          { newPassword: NEW_PASSWORD },
          { authorization: `Bearer ${token}` },
        ),
      ])
        assertUnavailable(answer)
      assert.equal(cookies.get('__Host-sallyport'), held, 'a logout that did not happen keeps the cookie')
      const page = await browser.get('/account')
      assert.equal(page.status, 503)
      assert.match(page.body, /role="alert">This cannot be done at the moment/)
      assert.ok(door.faults.length > 0)
    })

    test('without the audit trail nobody logs in, and what was opened is ended again', async (t) => {
      const opened: string[] = []
      const door = await doorFor(t, engine, ({ sessions }) => ({
        sessions: {
          ...sessions,
          async open(record, idleExpiresAt, replaces, now, most) {
            opened.push(record.digest)
            return sessions.open(record, idleExpiresAt, replaces, now, most)
          },
        },
      }))
      const { name } = await door.addUser()
      door.failAudit(true)
      assertUnavailable(await door.post('/auth/login', { username: name, password: PASSWORD }))
      assert.equal(opened.length, 1)
      const now = door.options.now()
      assert.equal(await door.store.sessions.validate(opened[0] ?? '', slotOf(name), now), undefined)
      door.failAudit(false)
      assert.equal((await door.post('/auth/login', { username: name, password: PASSWORD })).status, 200)
    })

    test('without the audit trail no password is changed', async (t) => {
      const door = await doorFor(t, engine)
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      door.failAudit(true)
      assertUnavailable(
        await browser.post('/auth/password', { newPassword: NEW_PASSWORD, password: PASSWORD }),
      )
      door.failAudit(false)
      assert.equal((await door.store.users.find(name))?.epoch, 0)
      assert.equal((await browser.get('/auth/session')).status, 200)
    })

    test('without the audit trail a logout still ends the session', async (t) => {
      const door = await doorFor(t, engine)
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      const cookie = browser.cookieHeader()
      door.failAudit(true)
      assert.equal((await browser.post('/auth/logout')).status, 204)
      assert.equal(door.faults.length, 1)
      door.failAudit(false)
      assert.equal((await door.ask('/auth/session', { headers: { cookie } })).status, 401)
    })

    test('without room for another hash a login is told to come back', async (t) => {
      const verify = (): never => {
        throw new SallyportError('TOO_BUSY', 'too many passwords wait to be checked')
      }
      const door = await doorFor(t, engine, () => ({ passwords: { ...CHEAP, verify } }))
      assertUnavailable(await door.post('/auth/login', { username: 'alice', password: PASSWORD }))
    })

    test('what should not happen is a constant text, and is told to the operator', async (t) => {
      const rightsOf = (): never => {
        throw new Error('the secret inner life of the policy')
      }
      const door = await doorFor(t, engine, () => ({ rightsOf }))
      const { name } = await door.addUser()
      const answer = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      assert.equal(answer.status, 500)
      assert.deepEqual(Object.keys(answer.json() as object), ['error', 'message', 'requestId'])
      assert.doesNotMatch(answer.body, /secret|sps_|Error|at /)
      assert.match(String(door.faults[0]), /secret inner life/)
    })

    test('a browser session whose state is lost is still a session, and still ends', async (t) => {
      const door = await doorFor(t, engine)
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      const cookie = browser.cookieHeader()
      const token = decodeURIComponent(browser.cookies.get('__Host-sallyport') ?? '').slice(2, -44)
      await new Promise<void>((resolve) => door.store.browserSessions.destroy(token, () => resolve()))
      assert.equal((await browser.get('/account')).status, 200)
      assert.equal((await browser.post('/auth/logout')).status, 204)
      assert.equal((await door.ask('/auth/session', { headers: { cookie } })).status, 401)
    })
  })
