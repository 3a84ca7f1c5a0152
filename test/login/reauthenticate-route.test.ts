import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Answer } from '../support/clients.ts'
import { codesPerSession } from '../support/counting-throttle.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'

for (const engine of ENGINES)
  describe(`a fresh authentication, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine, () => ({ throttle: codesPerSession(5) }))
    })
    after(() => door.close())

    const prove = (token: string, body: object): Promise<Answer> =>
      door.post('/auth/reauthenticate', body, bearer(token))
    const tokenOf = (answer: Answer): string => (answer.json() as { token: string }).token
    const errorOf = (answer: Answer): unknown => (answer.json() as { error: unknown }).error
    const login = async (username: string): Promise<string> =>
      tokenOf(await door.post('/auth/login', { username, password: PASSWORD, token: true }))
    const recordOf = async (user: string) =>
      (await door.store.sessions.list(user, door.options.now()))[0]?.record

    test('ASVS 7.2.4: goes on under a new token, with a life of its own', async () => {
      const { name } = await door.addUser()
      const token = await login(name)
      door.advance(20 * 60_000)
      const answer = await prove(token, { password: PASSWORD })
      assert.equal(answer.status, 200)
      const record = await recordOf(name)
      assert.ok(Math.abs((record?.authenticatedAt ?? 0) - door.options.now()) < 5_000)
      assert.ok((record?.expiresAt ?? 0) > door.options.now() + 11.9 * 3_600_000)
      assert.equal((await prove(token, { password: PASSWORD })).status, 401)
      assert.equal((await prove(tokenOf(answer), { password: PASSWORD })).status, 200)
      const last = door.events.slice(-2).map((event) => ('reason' in event ? event.reason : ''))
      assert.deepEqual(last, ['reauthenticated', 'rotated'])
    })

    test('ASVS 7.5.1: asks for the code too of who has a second factor', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      const missing = await prove(token, { password: PASSWORD })
      assert.deepEqual([missing.status, errorOf(missing)], [400, 'bad_request'])
      const wrongs = [
        { password: PASSWORD, code: '000000' },
        { password: 'not the password', code: user.code() },
        { password: 'not the password', code: '000000' },
      ]
      const bodies = await Promise.all(wrongs.map((body) => prove(token, body)))
      for (const answer of bodies)
        assert.deepEqual(
          [answer.status, errorOf(answer), (answer.json() as { message: string }).message],
          [401, 'invalid_credentials', 'That is not right.'],
        )
      const answer = await prove(token, { password: PASSWORD, code: user.code() })
      assert.equal(answer.status, 200, 'a wrong password used no code up')
      assert.ok(Math.abs(((await recordOf(user.name))?.mfaAt ?? 0) - door.options.now()) < 5_000)
      const again = await prove(tokenOf(answer), { password: PASSWORD, code: user.code() })
      assert.equal(again.status, 401, 'the code is used')
      const byRecovery = await prove(tokenOf(answer), { password: PASSWORD, code: user.recoveryCodes[0] })
      assert.equal(byRecovery.status, 200)
    })

    test('ASVS 7.5.1: a fresh password alone is not fresh for who has a second factor', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      door.advance(20 * 60_000)
      const body = { password: PASSWORD, newPassword: 'another long password' }
      const changed = tokenOf(await door.post('/auth/password', body, bearer(token)))
      const answer = await door.post('/auth/remove/totp', {}, bearer(changed))
      assert.deepEqual([answer.status, errorOf(answer)], [403, 'reauthentication_required'])
    })

    test('ASVS 6.3.1: is tried so often and no more, and the session stays', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      for (let tries = 0; tries < 5; tries++)
        assert.equal((await prove(token, { password: PASSWORD, code: '000000' })).status, 401)
      const over = await prove(token, { password: PASSWORD, code: user.code() })
      assert.deepEqual([over.status, over.headers['retry-after']], [429, '7'])
      assert.equal((await door.ask('/auth/session', { headers: bearer(token) })).status, 200)
    })

    test('is of a complete session alone', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      assert.equal((await prove(pending, { password: PASSWORD, code: user.code() })).status, 401)
      const { name } = await door.addUser({ name: `u-mfa-${engine}-r` })
      const begun = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      const { pending: enrolling } = begun.json() as { pending: string }
      assert.equal((await prove(enrolling, { password: PASSWORD })).status, 401)
      assert.equal((await prove('', { password: PASSWORD })).status, 401)
    })

    test('bodies that are none are refused', async () => {
      const { name } = await door.addUser()
      const token = await login(name)
      for (const body of [
        {},
        { password: '' },
        { password: 1 },
        { code: '1' },
        { password: 'x', place: 'enrol' },
      ])
        assert.equal((await prove(token, body)).status, 400, JSON.stringify(body))
    })

    test('leads a browser back to where it was wanted, and nowhere else', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      const places = [
        ['enrol', '/enrol'],
        ['account', '/account'],
        ['recovery-codes', '/recovery-codes'],
        ['https://evil.example', '/account'],
        ['//evil.example', '/account'],
        ['__proto__', '/account'],
        ['constructor', '/account'],
        ['', '/account'],
      ] as const
      for (const [place, location] of places) {
        await browser.get(`/reauthenticate?${place}`)
        const named = await browser.submit('/auth/reauthenticate', { password: PASSWORD })
        assert.deepEqual([named.status, named.headers.location], [303, location], place)
        await browser.get('/reauthenticate')
        const posted = await browser.submit('/auth/reauthenticate', { password: PASSWORD, place })
        assert.equal(posted.headers.location, location, place)
      }
      await browser.get('/reauthenticate?enrol')
      const wrong = await browser.submit('/auth/reauthenticate', { password: 'not the password' })
      assert.equal(wrong.status, 401)
      assert.match(wrong.body, /name="place" value="enrol"/)
      assert.match(wrong.body, /role="alert">That is not right/)
    })
  })
