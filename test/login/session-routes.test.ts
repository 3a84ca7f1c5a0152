import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sealRecord } from '../../src/auth/session-record.ts'
import { digestOf, newSessionToken } from '../../src/auth/session-token.ts'
import type { RequestRefused, SessionChanged } from '../../src/audit/event.ts'
import { newSession } from '../support/session-records.ts'
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

interface View {
  readonly idleExpiresAt: string
  readonly expiresAt: string
}

for (const engine of ENGINES)
  describe(`a session, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const tokenOf = async (name: string): Promise<string> => {
      const answer = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      return (answer.json() as { token: string }).token
    }
    const signedIn = async (): Promise<TestBrowser> => {
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: (await door.addUser()).name, password: PASSWORD })
      return browser
    }
    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
    const lastReason = (): string => (door.events.at(-1) as RequestRefused).reason

    test('says whose it is and until when, by cookie and by token', async () => {
      const { name } = await door.addUser()
      const start = door.options.now()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      for (const answer of [
        await door.ask('/auth/session', { headers: bearer(await tokenOf(name)) }),
        await browser.get('/auth/session'),
        await browser.post('/auth/refresh'),
        await browser.post('/auth/refresh', {}),
      ]) {
        assert.equal(answer.status, 200)
        const { idleExpiresAt, expiresAt, ...rest } = answer.json() as View
        const user = { name, roles: ['reader'] }
        const authenticationMethods = ['password']
        assert.deepEqual(rest, { user, methods: ['session'], authenticationMethods, mfaAt: null })
        assert.ok(Math.abs(Date.parse(idleExpiresAt) - start - IDLE) < 5_000)
        assert.ok(Math.abs(Date.parse(expiresAt) - start - ABSOLUTE) < 5_000)
        assert.equal(answer.headers['set-cookie'], undefined)
      }
    })

    test('slides with every use, and never beyond its end', async (t) => {
      const own = await startDoor(engine, () => ({ idleTimeout: 60_000, absoluteTimeout: 100_000 }))
      t.after(() => own.close())
      const { name } = await own.addUser()
      const { token } = (
        await own.post('/auth/login', { username: name, password: PASSWORD, token: true })
      ).json() as { token: string }
      const first = (await own.ask('/auth/session', { headers: bearer(token) })).json() as View
      own.advance(50_000)
      const refreshed = (await own.post('/auth/refresh', undefined, bearer(token))).json() as View
      assert.ok(Date.parse(refreshed.idleExpiresAt) > Date.parse(first.idleExpiresAt))
      assert.equal(refreshed.idleExpiresAt, refreshed.expiresAt)
      assert.equal(refreshed.expiresAt, first.expiresAt)
      own.advance(50_000)
      assert.equal((await own.post('/auth/refresh', undefined, bearer(token))).status, 401)
    })

    test('is nothing without a credential, with a bad one, and with two', async () => {
      const token = await tokenOf((await door.addUser()).name)
      const cookie = (await signedIn()).cookieHeader()
      const flipped = cookie.endsWith('A') ? `${cookie.slice(0, -1)}B` : `${cookie.slice(0, -1)}A`
      const attempts: [Record<string, string | string[]>, string][] = [
        [{}, 'no_credential'],
        [bearer(`${token}x`), 'credential_malformed'],
        [{ authorization: `Basic ${token}` }, 'credential_malformed'],
        [{ authorization: [`Bearer ${token}`, `Bearer ${token}`] }, 'credential_malformed'],
        [bearer(newSessionToken('alice')), 'session_invalid'],
        [{ cookie: flipped }, 'session_invalid'],
        [{ cookie: `__Host-sallyport=${token}` }, 'session_invalid'],
        [{ cookie, ...bearer(token) }, 'credential_conflict'],
        [{ cookie: flipped, ...bearer(token) }, 'credential_conflict'],
        [{ cookie: `${cookie}; ${cookie}` }, 'credential_conflict'],
      ]
      for (const [headers, reason] of attempts)
        for (const [path, method] of [
          ['/auth/session', 'GET'],
          ['/auth/refresh', 'POST'],
        ] as const) {
          const answer = await door.ask(path, { method, headers })
          assert.equal(answer.status, 401, reason)
          assert.equal(answer.headers['www-authenticate'], 'Bearer')
          assert.deepEqual(Object.keys(answer.json() as object), ['error', 'message', 'requestId'])
          assert.equal((answer.json() as { error: string }).error, 'unauthenticated')
          assert.equal(lastReason(), reason)
        }
    })

    test('ASVS 7.2.1: is nothing when its record was not sealed by us, or is of another token', async () => {
      const user = await door.addUser()
      const now = door.options.now()
      const forged = newSession(user, now)
      await door.store.sessions.open(forged.record, now + 1_000, undefined, now, 20)
      assert.equal((await door.ask('/auth/session', { headers: bearer(forged.token) })).status, 401)
      const token = newSessionToken(user.name)
      const { mac: _mac, ...fields } = forged.record
      const other = sealRecord({ ...fields, digest: digestOf(token) }, door.options.keys.seal)
      await door.store.sessions.open(
        { ...other, epoch: 0, expiresAt: now + 9e9 },
        now + 1_000,
        undefined,
        now,
        20,
      )
      assert.equal((await door.ask('/auth/session', { headers: bearer(token) })).status, 401)
    })

    test('is not shown to another site that has the browser ask', async () => {
      const browser = await signedIn()
      for (const [site, status] of [
        ['same-origin', 200],
        ['none', 200],
        ['same-site', 401],
        ['cross-site', 401],
      ] as const)
        assert.equal((await browser.get('/auth/session', { 'sec-fetch-site': site })).status, status, site)
      assert.equal(lastReason(), 'session_wrong_site')
      const noBrowser = await door.ask('/auth/session', { headers: { cookie: browser.cookieHeader() } })
      assert.equal(noBrowser.status, 200)
    })

    test('cannot be acted on by another site', async () => {
      const browser = await signedIn()
      const cookie = browser.cookieHeader()
      const attempts: [Record<string, string>, string][] = [
        [{ 'sec-fetch-site': 'cross-site' }, 'cross_site'],
        [{ 'sec-fetch-site': 'same-site', origin: `https://localhost:${door.port}` }, 'cross_site'],
        [{ origin: 'https://evil.example' }, 'origin_not_allowed'],
        [{ origin: 'null' }, 'origin_not_allowed'],
      ]
      for (const path of ['/auth/logout', '/auth/refresh', '/auth/password', '/auth/login'])
        for (const [headers, reason] of attempts) {
          const answer = await door.post(path, undefined, { cookie, ...headers })
          assert.equal(answer.status, 403, path)
          assert.equal((answer.json() as { error: string }).error, 'origin_not_allowed')
          assert.equal(lastReason(), reason)
        }
      assert.equal((await browser.get('/auth/session')).status, 200)
    })

    test('ASVS 7.4.1, 14.3.1: ends with a logout, in the browser and everywhere', async () => {
      const browser = await signedIn()
      const cookie = browser.cookieHeader()
      const answer = await browser.post('/auth/logout')
      assert.equal(answer.status, 204)
      assert.equal(answer.body, '')
      assert.match(
        String(answer.headers['set-cookie']),
        /^__Host-sallyport=; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/,
      )
      assert.equal(browser.cookies.has('__Host-sallyport'), false)
      assert.equal(answer.headers['clear-site-data'], '"cache", "storage"')
      assert.equal((await door.ask('/auth/session', { headers: { cookie } })).status, 401)
      const { event, reason } = door.events.findLast((one) => one.event === 'session.ended') as SessionChanged
      assert.deepEqual([event, reason], ['session.ended', 'logout'])
    })

    test('ends with a logout by token; doing it again changes nothing', async () => {
      const { name } = await door.addUser()
      const [token, other] = [await tokenOf(name), await tokenOf(name)]
      for (let at = 0; at < 3; at++) {
        const answer = await door.post('/auth/logout', undefined, bearer(token))
        assert.equal(answer.status, 204)
        assert.equal(answer.headers['set-cookie'], undefined)
      }
      assert.equal((await door.ask('/auth/session', { headers: bearer(token) })).status, 401)
      assert.equal((await door.ask('/auth/session', { headers: bearer(other) })).status, 200)
      const ends = (door.events as readonly SessionChanged[]).filter(
        (event) => event.event === 'session.ended' && event.principal === `user:${name}`,
      )
      assert.equal(ends.length, 1)
    })

    test('a pending login ends with a logout, too', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const login = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      const { pending } = login.json() as { pending: string }
      assert.equal((await door.post('/auth/logout', {}, bearer(pending))).status, 204)
      const answer = await door.post(
        '/auth/password',
        { newPassword: 'another long password' },
        bearer(pending),
      )
      assert.equal(answer.status, 401)
    })

    test('a logout without a credential is done, with a bad one or two it is refused', async () => {
      assert.equal((await door.post('/auth/logout')).status, 204)
      const cookie = (await signedIn()).cookieHeader()
      const token = await tokenOf((await door.addUser()).name)
      assert.equal((await door.post('/auth/logout', undefined, { cookie, ...bearer(token) })).status, 401)
      assert.equal((await door.post('/auth/logout', undefined, { authorization: 'x' })).status, 401)
      assert.equal((await door.ask('/auth/session', { headers: { cookie } })).status, 200)
      assert.equal((await door.ask('/auth/session', { headers: bearer(token) })).status, 200)
    })
  })
