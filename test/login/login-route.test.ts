import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { digestOf } from '../../src/auth/session-token.ts'
import type { SessionChanged } from '../../src/audit/event.ts'
import {
  ABSOLUTE,
  CHEAP,
  ENGINES,
  IDLE,
  PASSWORD,
  startDoor,
  testBrowser,
  type LoginDoor,
} from '../support/login-door.ts'

interface LoggedIn {
  readonly next: string | null
  readonly user: unknown
  readonly expiresAt: string
  readonly token: string
  readonly pending: string
}

for (const engine of ENGINES)
  describe(`logging in, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const login = (username: string, more: object = {}) =>
      door.post('/auth/login', { username, password: PASSWORD, ...more })
    const sessionOf = (token: string) =>
      door.ask('/auth/session', { headers: { authorization: `Bearer ${token}` } })

    test('name and password open a session in a cookie', async () => {
      const { name } = await door.addUser()
      const answer = await login(name)
      assert.equal(answer.status, 200)
      const { expiresAt, ...rest } = answer.json() as LoggedIn
      assert.deepEqual(rest, { next: null, user: { name, roles: ['reader'] } })
      assert.ok(Math.abs(Date.parse(expiresAt) - (door.options.now() + ABSOLUTE)) < 5_000)
      const [known = '', cookie = '', ...others] = answer.headers['set-cookie'] ?? []
      assert.match(known, /^__Host-sallyport-device=/)
      assert.deepEqual(others, [])
      assert.match(
        cookie,
        /^__Host-sallyport=s%3Asps_[0-9a-f]{4}_[\w-]{43}\.[\w%]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      )
      const session = await door.ask('/auth/session', { headers: { cookie: cookie.split(';')[0] ?? '' } })
      assert.equal(session.status, 200)
    })

    test('who asks for a token gets it in the body, and no cookie', async () => {
      const { name } = await door.addUser()
      const answer = await login(name, { token: true })
      assert.equal(answer.headers['set-cookie'], undefined)
      const { token } = answer.json() as LoggedIn
      assert.match(token, /^sps_[0-9a-f]{4}_[\w-]{43}$/)
      assert.equal((await sessionOf(token)).status, 200)
    })

    test('a login that does not ask for a token does not get to see it', async () => {
      const { name } = await door.addUser()
      for (const more of [{}, { token: false }]) assert.doesNotMatch((await login(name, more)).body, /sps_/)
    })

    test('ASVS 16.3.1: a session is on record, by its digest and with what was proved, before it is handed out', async () => {
      const { name } = await door.addUser()
      const { token } = (await login(name, { token: true })).json() as LoggedIn
      const event = door.events.at(-1) as SessionChanged
      assert.deepEqual(
        { ...event, requestId: '' },
        {
          event: 'session.opened',
          reason: 'login',
          requestId: '',
          principal: `user:${name}`,
          credential: `sha256:${digestOf(token)}`,
          address: '127.0.0.1',
          authenticationMethods: ['password'],
          pending: null,
        },
      )
      assert.ok(!JSON.stringify(door.events).includes(token))
    })

    test('unknown, disabled, malformed and wrong get the same answer, and no cookie', async () => {
      const { name } = await door.addUser()
      const disabled = await door.addUser({ disabled: true })
      const attempts = [
        { username: 'nobody', password: PASSWORD },
        { username: disabled.name, password: PASSWORD },
        { username: name, password: `${PASSWORD}!` },
        { username: name.toUpperCase(), password: PASSWORD },
        { username: '../../etc/passwd', password: PASSWORD },
        { username: `${name}\u0000`, password: PASSWORD },
        { username: 'x'.repeat(1_000), password: PASSWORD },
        { username: '__proto__', password: PASSWORD },
      ]
      const answers = new Set<string>()
      for (const attempt of attempts) {
        const answer = await door.post('/auth/login', attempt)
        assert.equal(answer.headers['set-cookie'], undefined)
        const { requestId: _requestId, ...body } = answer.json() as { requestId: string }
        answers.add(JSON.stringify([answer.status, body]))
      }
      assert.deepEqual(
        [...answers],
        ['[401,{"error":"invalid_credentials","message":"User name or password is not right."}]'],
      )
    })

    test('ASVS 16.3.1: a login that fails is on record, without the name: it may be a password typed in the wrong field', async () => {
      const { name } = await door.addUser()
      const answer = await door.post('/auth/login', { username: name, password: 'wrong' })
      const { requestId } = answer.json() as { requestId: string }
      assert.deepEqual(door.events.at(-1), {
        event: 'request.refused',
        requestId,
        layer: 'http',
        reason: 'invalid_credentials',
        detail: null,
        address: '127.0.0.1',
      })
    })

    test('every attempt costs one hash, whatever the name', async (t) => {
      const { name } = await door.addUser()
      const asked: (string | undefined)[] = []
      const counting = await startDoor(engine, () => ({
        passwords: {
          ...CHEAP,
          verify(password, stored) {
            asked.push(stored)
            return CHEAP.verify(password, stored)
          },
        },
      }))
      t.after(() => counting.close())
      const disabled = await counting.addUser({ disabled: true })
      for (const username of ['nobody', disabled.name, 'NOT A NAME', name])
        await counting.post('/auth/login', { username, password: PASSWORD })
      assert.equal(asked.length, 4)
    })

    test('a name that cannot be one does not reach the store', async (t) => {
      const asked: string[] = []
      const own = await startDoor(engine, ({ users }) => ({
        users: {
          ...users,
          async find(name) {
            asked.push(name)
            return users.find(name)
          },
        },
      }))
      t.after(() => own.close())
      for (const username of ['nobody', 'NOT A NAME', '..', 'x'.repeat(65)])
        await own.post('/auth/login', { username, password: PASSWORD })
      assert.deepEqual(asked, ['nobody'])
    })

    test('a cookie and a token together are refused, also by a login and by a page', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      const { token } = (await login(name, { token: true })).json() as LoggedIn
      const both = { authorization: `Bearer ${token}` }
      const answer = await browser.post('/auth/login', { username: name, password: PASSWORD }, both)
      assert.deepEqual([answer.status, answer.headers['set-cookie']], [401, undefined])
      for (const path of ['/login', '/account']) assert.equal((await browser.get(path, both)).status, 401)
    })

    test('a password is taken however the keyboard composed it', async () => {
      const { name } = await door.addUser({}, { passwordHash: await CHEAP.hash('caf\u00e9 au lait noir') })
      assert.equal((await login(name, { password: 'cafe\u0301 au lait noir' })).status, 200)
    })

    test('a one-time password gives only a pending login', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const answer = await login(name, { token: true })
      assert.equal(answer.status, 200)
      const { pending, ...rest } = answer.json() as LoggedIn
      assert.deepEqual(rest, { next: 'change_password' })
      const headers = { authorization: `Bearer ${pending}` }
      for (const [path, method] of [
        ['/auth/session', 'GET'],
        ['/auth/refresh', 'POST'],
      ] as const) {
        const refused = await door.ask(path, { method, headers })
        assert.equal(refused.status, 401, path)
        assert.equal((refused.json() as { error: string }).error, 'unauthenticated')
      }
      const inCookie = await login(name)
      assert.deepEqual(inCookie.json(), { next: 'change_password' })
    })

    test('a one-time password that is too old is not right', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() })
      assert.equal((await login(name)).status, 401)
    })

    test('a pending login ends after five minutes, however it is used', async (t) => {
      const own = await startDoor(engine)
      t.after(() => own.close())
      const { name } = await own.addUser({}, { oneTimeUntil: own.options.now() + 3_600_000 })
      const { pending } = (
        await own.post('/auth/login', { username: name, password: PASSWORD, token: true })
      ).json() as LoggedIn
      const set = (newPassword: string) =>
        own.post('/auth/password', { newPassword }, { authorization: `Bearer ${pending}` })
      own.advance(4 * 60_000)
      assert.equal((await set('short')).status, 400)
      own.advance(60_000)
      assert.equal((await set('another long password')).status, 401)
    })

    test('ASVS 7.2.2: logging in again in the same browser replaces the session in one step, under a new id', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      const earlier = browser.cookieHeader()
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      const last = door.events.slice(-2) as SessionChanged[]
      assert.notEqual(browser.cookieHeader(), earlier)
      assert.equal((await browser.get('/auth/session')).status, 200)
      assert.equal((await door.ask('/auth/session', { headers: { cookie: earlier } })).status, 401)
      assert.deepEqual(
        last.map(({ event, reason }) => [event, reason]),
        [
          ['session.opened', 'login'],
          ['session.ended', 'rotated'],
        ],
      )
    })

    test('logging in as somebody else ends the session that the browser had', async () => {
      const [first, second] = [await door.addUser(), await door.addUser()]
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: first.name, password: PASSWORD })
      const earlier = browser.cookieHeader()
      await browser.post('/auth/login', { username: second.name, password: PASSWORD })
      assert.equal((await door.ask('/auth/session', { headers: { cookie: earlier } })).status, 401)
      assert.match((await browser.get('/auth/session')).body, new RegExp(second.name))
    })

    test('a failed login leaves the session that the browser has', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      assert.equal((await browser.post('/auth/login', { username: name, password: 'wrong' })).status, 401)
      assert.equal((await browser.get('/auth/session')).status, 200)
    })

    test('a cookie that no longer fits does not keep anybody from logging in', async () => {
      const { name } = await door.addUser()
      const cookie = '__Host-sallyport=s%3Asps_0000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.x'
      const answer = await door.post('/auth/login', { username: name, password: PASSWORD }, { cookie })
      assert.equal(answer.status, 200)
      assert.match(String(answer.headers['set-cookie']?.at(-1)), /^__Host-sallyport=s%3Asps_/)
    })

    test('an id that somebody planted in the browser is never the id of a session', async () => {
      const { name } = await door.addUser()
      const attacker = testBrowser(door)
      const other = await door.addUser()
      await attacker.post('/auth/login', { username: other.name, password: PASSWORD })
      const planted = attacker.cookieHeader()
      const answer = await door.post(
        '/auth/login',
        { username: name, password: PASSWORD },
        { cookie: planted },
      )
      assert.ok(!String(answer.headers['set-cookie']).startsWith(planted))
      const afterwards = await door.ask('/auth/session', { headers: { cookie: planted } })
      assert.equal(afterwards.status, 401)
    })

    test('a session is idle for so long, and no longer', async (t) => {
      const own = await startDoor(engine)
      t.after(() => own.close())
      const { name } = await own.addUser()
      const { token } = (
        await own.post('/auth/login', { username: name, password: PASSWORD, token: true })
      ).json() as LoggedIn
      const headers = { authorization: `Bearer ${token}` }
      own.advance(IDLE - 1_000)
      assert.equal((await own.ask('/auth/session', { headers })).status, 200)
      own.advance(IDLE)
      assert.equal((await own.ask('/auth/session', { headers })).status, 401)
    })
  })
