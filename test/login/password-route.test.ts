import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { SessionChanged } from '../../src/audit/event.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'

const NEW_PASSWORD = 'another long password'

for (const engine of ENGINES)
  describe(`setting a password, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const login = async (username: string, password = PASSWORD): Promise<Record<string, string>> =>
      (await door.post('/auth/login', { username, password, token: true })).json() as Record<string, string>
    const bearer = (token = ''): Record<string, string> => ({ authorization: `Bearer ${token}` })
    const isLive = async (token = ''): Promise<boolean> =>
      (await door.ask('/auth/session', { headers: bearer(token) })).status === 200

    test('a pending login sets a password and becomes a session under a new id', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const { pending } = await login(name)
      const answer = await door.post('/auth/password', { newPassword: NEW_PASSWORD }, bearer(pending))
      assert.equal(answer.status, 200)
      const { token, expiresAt, ...rest } = answer.json() as Record<string, string>
      assert.deepEqual(rest, { next: null, user: { name, roles: ['reader'] } })
      assert.ok(Date.parse(expiresAt ?? '') > door.options.now() + 11 * 3_600_000)
      assert.equal(answer.headers['set-cookie'], undefined)
      assert.equal(await isLive(token), true)
      assert.equal(await isLive(pending), false)
      assert.equal((await door.credentialsOf(name)).oneTimeUntil, null)
      assert.equal((await login(name, NEW_PASSWORD))['next'], null)
      assert.equal((await login(name))['error'], 'invalid_credentials')
    })

    test('a one-time password is not kept as the new one', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const { pending } = await login(name)
      const answer = await door.post('/auth/password', { newPassword: PASSWORD }, bearer(pending))
      assert.equal(answer.status, 400)
      assert.equal((answer.json() as { error: string }).error, 'password_refused')
    })

    test('a session changes the password with the present one, and all other sessions end', async () => {
      const { name } = await door.addUser()
      const [own, other] = [await login(name), await login(name)]
      const body = { newPassword: NEW_PASSWORD, password: PASSWORD }
      const answer = await door.post('/auth/password', body, bearer(own['token']))
      const events = (door.events.slice(-2) as SessionChanged[]).map(({ event, reason }) => [event, reason])
      assert.equal(answer.status, 200)
      const { token } = answer.json() as Record<string, string>
      assert.deepEqual(
        [await isLive(token), await isLive(own['token']), await isLive(other['token'])],
        [true, false, false],
      )
      assert.deepEqual(events, [
        ['session.ended', 'password_changed'],
        ['session.opened', 'password_changed'],
      ])
    })

    test('a browser gets a new cookie', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.post('/auth/login', { username: name, password: PASSWORD })
      const earlier = browser.cookieHeader()
      const answer = await browser.post('/auth/password', { newPassword: NEW_PASSWORD, password: PASSWORD })
      assert.equal(answer.status, 200)
      assert.doesNotMatch(answer.body, /sps_/)
      assert.notEqual(browser.cookieHeader(), earlier)
      assert.equal((await browser.get('/auth/session')).status, 200)
      assert.equal((await door.ask('/auth/session', { headers: { cookie: earlier } })).status, 401)
    })

    test('without the present password, or with a wrong one, nothing changes', async () => {
      const { name } = await door.addUser()
      const { token } = await login(name)
      const attempts = [
        [{ newPassword: NEW_PASSWORD }, 400, 'bad_request'],
        [{ newPassword: NEW_PASSWORD, password: 'wrong' }, 401, 'invalid_credentials'],
        [{ newPassword: NEW_PASSWORD, password: '' }, 400, 'bad_request'],
        [{ newPassword: 'short', password: PASSWORD }, 400, 'password_refused'],
        [{ newPassword: 'x'.repeat(257), password: PASSWORD }, 400, 'password_refused'],
        [{ newPassword: PASSWORD, password: PASSWORD }, 400, 'password_refused'],
        [{ newPassword: NEW_PASSWORD, password: PASSWORD, repeat: NEW_PASSWORD }, 400, 'bad_request'],
        [{ password: PASSWORD }, 400, 'bad_request'],
      ] as const
      for (const [body, status, error] of attempts) {
        const answer = await door.post('/auth/password', body, bearer(token))
        const { error: said, requestId } = answer.json() as { error: string; requestId: string }
        assert.deepEqual([answer.status, said], [status, error])
        const wrong = door.events.filter((event) => 'requestId' in event && event.requestId === requestId)
        assert.equal(wrong.length, error === 'invalid_credentials' ? 1 : 0)
      }
      assert.equal(await isLive(token), true)
      assert.equal((await door.store.users.find(name))?.epoch, 0)
      assert.equal((await login(name))['next'], null)
    })

    test('nobody sets a password without a session', async () => {
      const answer = await door.post('/auth/password', { newPassword: NEW_PASSWORD, password: PASSWORD })
      assert.equal(answer.status, 401)
      assert.equal((answer.json() as { error: string }).error, 'unauthenticated')
    })

    test('of ten changes at the same time with one session exactly one succeeds', async () => {
      const { name } = await door.addUser()
      const { token } = await login(name)
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, at) =>
          door.post(
            '/auth/password',
            { newPassword: `${NEW_PASSWORD} ${at}`, password: PASSWORD },
            bearer(token),
          ),
        ),
      )
      const won = answers.map(({ status }) => status)
      assert.deepEqual(won.filter((status) => status === 200).length, 1, won.join())
      assert.ok(won.every((status) => status === 200 || status === 401))
      assert.equal((await login(name, `${NEW_PASSWORD} ${won.indexOf(200)}`))['next'], null)
    })
  })
