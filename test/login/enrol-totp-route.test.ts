import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Secret } from 'otpauth'
import type { Answer } from '../support/clients.ts'
import { changeCredentials } from '../../src/login/known-user.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import {
  ENGINES,
  PASSWORD,
  startDoor,
  testBrowser,
  type LoginDoor,
  type TestBrowser,
} from '../support/login-door.ts'
import { TOTP_SECRET, totpCode } from '../support/totp.ts'

interface Enrolled {
  readonly recoveryCodes: readonly string[]
  readonly next: unknown
  readonly token: string
}

for (const engine of ENGINES)
  describe(`enrolling an authenticator app, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const login = async (username: string): Promise<Record<string, string>> =>
      (await door.post('/auth/login', { username, password: PASSWORD, token: true })).json() as Record<
        string,
        string
      >
    const enrol = (token: string, body: object = {}): Promise<Answer> =>
      door.post('/auth/enrol/totp', body, bearer(token))
    const begin = async (token: string): Promise<string> =>
      ((await enrol(token)).json() as { secret: string }).secret
    const codeOf = (secret: string, steps = 0): string =>
      totpCode(secret, door.options.now() + steps * 30_000)
    const isLive = async (token: string): Promise<boolean> =>
      (await door.ask('/auth/session', { headers: bearer(token) })).status === 200
    const errorOf = (answer: Answer): unknown => (answer.json() as { error: unknown }).error

    test('shows a secret, takes a code of it, and then shows ten recovery codes', async () => {
      const { name } = await door.addUser()
      const { token = '' } = await login(name)
      const shown = await enrol(token)
      const { secret, uri } = shown.json() as { secret: string; uri: string }
      assert.equal(shown.status, 200)
      assert.deepEqual(Object.keys(shown.json() as object), ['secret', 'uri'])
      assert.equal(Secret.fromBase32(secret).bytes.length, 20)
      assert.equal(new URL(uri).searchParams.get('secret'), secret)
      assert.equal((await door.credentialsOf(name)).totp, null)
      assert.equal((await login(name))['next'], null, 'it is no factor yet')
      const answer = await enrol(token, { code: codeOf(secret) })
      assert.equal(answer.status, 200)
      const { recoveryCodes, next, token: rotated } = answer.json() as Enrolled
      assert.deepEqual([new Set(recoveryCodes).size, next], [10, null])
      assert.deepEqual([await isLive(token), await isLive(rotated)], [false, true])
      const { totp, enrolling } = await door.credentialsOf(name)
      assert.deepEqual([totp?.secret, enrolling], [secret, null])
      const { pending = '' } = await login(name)
      assert.equal(
        (await door.post('/auth/factor', { code: codeOf(secret) }, bearer(pending))).status,
        401,
        'used',
      )
      assert.equal(
        (await door.post('/auth/factor', { code: codeOf(secret, 1) }, bearer(pending))).status,
        200,
      )
      const { pending: other = '' } = await login(name)
      assert.equal((await door.post('/auth/factor', { code: recoveryCodes[0] }, bearer(other))).status, 200)
    })

    test('ASVS 7.4.3: ends all other sessions and pending logins, and tells every node, the trail and the owner', async () => {
      const { name } = await door.addUser()
      const [own, other] = [await login(name), await login(name)]
      const secret = await begin(own['token'] ?? '')
      const known = door.events.length
      assert.equal((await enrol(own['token'] ?? '', { code: codeOf(secret) })).status, 200)
      assert.equal(await isLive(other['token'] ?? ''), false)
      const told = door.announced.findLast((ended) => ended.kind === 'user')
      assert.deepEqual([told?.user, told?.epoch], [name, 1])
      const events = door.events
        .slice(known)
        .map((event) => [event.event, 'factor' in event ? event.factor : ''])
      assert.deepEqual(events.slice(0, 2), [
        ['factor.added', 'totp'],
        ['factor.added', 'recovery_codes'],
      ])
      const history = await door.store.histories.list(name)
      assert.deepEqual(
        history.map(({ event }) => event).filter((event) => event !== 'login'),
        ['recovery_codes_made', 'totp_added'],
      )
      assert.ok(!JSON.stringify([door.events, history]).includes(secret))
    })

    test('ASVS 6.3.3: where a role asks for a second factor nothing else can be done before', async () => {
      const { name } = await door.addUser({ name: `u-mfa-${engine}-1` })
      const { next, pending = '' } = await login(name)
      assert.equal(next, 'enrol')
      assert.equal(await isLive(pending), false)
      const secret = await begin(pending)
      const answer = await enrol(pending, { code: codeOf(secret) })
      const { next: then, token } = answer.json() as Enrolled
      assert.equal(then, null)
      assert.equal(await isLive(token), true)
      const [live] = await door.store.sessions.list(name, door.options.now())
      assert.ok(live !== undefined && live.record.mfaAt !== null)
      assert.ok(live.record.expiresAt > door.options.now() + 11 * 3_600_000)
    })

    test('of two pending logins that may enrol only one does: whoever knows the password cannot follow with his own', async () => {
      const { name } = await door.addUser({ name: `u-mfa-${engine}-2` })
      const [own, thief] = [(await login(name))['pending'] ?? '', (await login(name))['pending'] ?? '']
      const secret = await begin(own)
      assert.equal((await enrol(own, { code: codeOf(secret) })).status, 200)
      assert.equal((await enrol(thief)).status, 401)
    })

    test('a wrong code, one of two steps away, or a recovery code confirms nothing; the right one then does', async () => {
      const user = await door.addUser()
      const { token = '' } = await login(user.name)
      const secret = await begin(token)
      const codes = [
        '',
        '000000',
        codeOf(secret, 2),
        codeOf(secret, -2),
        codeOf(TOTP_SECRET),
        '0000-'.repeat(6),
      ]
      for (const code of codes) {
        const answer = await enrol(token, { code })
        assert.deepEqual([answer.status, errorOf(answer)], [401, 'invalid_credentials'], code)
      }
      assert.equal(await isLive(token), true)
      assert.equal((await enrol(token, { code: codeOf(secret) })).status, 200)
    })

    test('the secret of another session, or of another user, cannot be enrolled', async () => {
      const [user, victim] = [await door.addUser(), await door.addUser()]
      const [one, two] = [(await login(user.name))['token'] ?? '', (await login(user.name))['token'] ?? '']
      const foreign = (await login(victim.name))['token'] ?? ''
      const secret = await begin(one)
      for (const token of [two, foreign]) {
        const answer = await enrol(token, { code: codeOf(secret) })
        assert.deepEqual([answer.status, errorOf(answer)], [409, 'conflict'])
      }
      const later = await begin(two)
      assert.equal((await enrol(one, { code: codeOf(secret) })).status, 409, 'there is one secret at a time')
      assert.equal((await enrol(two, { code: codeOf(later) })).status, 200)
    })

    test('a confirmation that is sent again changes nothing', async () => {
      const { name } = await door.addUser()
      const { token = '' } = await login(name)
      const secret = await begin(token)
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => enrol(token, { code: codeOf(secret) })),
      )
      const won = answers.filter(({ status }) => status === 200)
      assert.equal(won.length, 1, answers.map(({ status }) => status).join())
      const rotated = won.map((answer) => (answer.json() as Enrolled).token).join()
      const { recoveryCodes } = await door.credentialsOf(name)
      assert.equal((await enrol(token, { code: codeOf(secret) })).status, 401)
      assert.equal((await enrol(rotated, { code: codeOf(secret) })).status, 409)
      assert.deepEqual((await door.credentialsOf(name)).recoveryCodes, recoveryCodes)
    })

    test('a secret is waited for five minutes', async () => {
      const { name } = await door.addUser()
      const { token = '' } = await login(name)
      const secret = await begin(token)
      const end = (until: number): Promise<unknown> =>
        changeCredentials(
          name,
          ({ credentials }) => {
            assert.ok(credentials.enrolling !== null)
            assert.ok(credentials.enrolling.until <= door.options.now() + 5 * 60_000)
            const enrolling = { ...credentials.enrolling, until }
            return {
              kind: 'write',
              credentials: { ...credentials, enrolling },
              endSessions: false,
              told: null,
            }
          },
          door.options,
        )
      await end(door.options.now())
      assert.equal((await enrol(token, { code: codeOf(secret) })).status, 409)
      await end(door.options.now() + 60_000)
      assert.equal((await enrol(token, { code: codeOf(secret) })).status, 200)
    })

    test('ASVS 7.5.1: a session whose authentication is more than five minutes old is asked for another', async () => {
      const { name } = await door.addUser()
      const { token = '' } = await login(name)
      door.advance(5 * 60_000 + 1)
      for (const body of [{}, { code: '000000' }]) {
        const answer = await enrol(token, body)
        assert.deepEqual([answer.status, errorOf(answer)], [403, 'reauthentication_required'])
      }
      const renewed = await door.post('/auth/reauthenticate', { password: PASSWORD }, bearer(token))
      const { token: fresh = '' } = renewed.json() as Record<string, string>
      assert.equal((await enrol(fresh)).status, 200)
    })

    test('an app takes the place of an earlier one, for whoever has that', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      const secret = await begin(token)
      const answer = await enrol(token, { code: codeOf(secret) })
      assert.equal(answer.status, 200)
      const events = door.events.slice(-6).map((event) => event.event)
      assert.ok(events.includes('factor.removed'))
      const { pending = '' } = await login(user.name)
      assert.equal((await door.post('/auth/factor', { code: user.code(1) }, bearer(pending))).status, 401)
      assert.equal(
        (await door.post('/auth/factor', { code: user.recoveryCodes[0] }, bearer(pending))).status,
        401,
      )
      assert.equal(
        (await door.post('/auth/factor', { code: codeOf(secret, 1) }, bearer(pending))).status,
        200,
      )
    })

    test('what cannot be recorded is not enrolled', async () => {
      const { name } = await door.addUser()
      const { token = '' } = await login(name)
      const secret = await begin(token)
      door.failAudit(true)
      const answer = await enrol(token, { code: codeOf(secret) }).finally(() => door.failAudit(false))
      assert.equal(answer.status, 503)
      assert.equal((await door.credentialsOf(name)).totp, null)
      assert.equal((await enrol(token, { code: codeOf(secret) })).status, 200)
    })

    test('bodies that are none are refused', async () => {
      const { name } = await door.addUser()
      const { token = '' } = await login(name)
      const bodies = [
        { secret: TOTP_SECRET },
        { code: 123456 },
        { code: null },
        { code: 'x'.repeat(65) },
        { user: name },
      ]
      for (const body of bodies) assert.equal((await enrol(token, body)).status, 400, JSON.stringify(body))
      assert.equal((await door.post('/auth/enrol/totp', {})).status, 401)
    })

    const signedIn = async (name: string): Promise<TestBrowser> => {
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      return browser
    }
    const secretIn = (page: Answer): string =>
      (/class="secret">([A-Z2-7 ]+)</.exec(page.body)?.[1] ?? '').replaceAll(' ', '')

    test('a browser is led through, and is shown its recovery codes once', async () => {
      const { name } = await door.addUser({ name: `u-mfa-${engine}-3` })
      const browser = await signedIn(name)
      for (const path of ['/account', '/login', '/password', '/recovery-codes', '/second-factor'])
        assert.equal((await browser.get(path)).headers.location, '/enrol', path)
      assert.match((await browser.get('/enrol')).body, /Your role asks for a second factor/)
      const page = await browser.submit('/auth/enrol/totp', {})
      assert.match(page.body, /<svg\s[^>]*role="img"/)
      assert.doesNotMatch(page.body, /style=|<script(?! src)/)
      const secret = secretIn(page)
      const wrong = await browser.submit('/auth/enrol/totp', { code: '000000' })
      assert.equal(wrong.status, 401)
      assert.equal(secretIn(wrong), secret, 'it is the same secret still')
      const codes = await browser.submit('/auth/enrol/totp', { code: codeOf(secret) })
      assert.equal(codes.status, 200)
      const shown = codes.body.match(/<code>[0-9a-z-]{29}<\/code>/g) ?? []
      assert.equal(shown.length, 10)
      assert.match(codes.body, /download="sallyport-recovery-codes\.txt"/)
      const account = await browser.get('/account')
      assert.equal(account.status, 200)
      assert.match(account.body, /10 of 10 left/)
      assert.doesNotMatch((await browser.get('/recovery-codes')).body, /<code>/)
    })

    test('ASVS 7.5.1: forms are those of this browser alone, and of a fresh authentication', async () => {
      const [user, other] = [await door.addUser(), await door.addUser()]
      const [browser, foreign] = [await signedIn(user.name), await signedIn(other.name)]
      const { body } = await foreign.get('/enrol')
      const csrf = /name="csrf" value="([^"]*)"/.exec(body)?.[1] ?? ''
      await browser.get('/enrol')
      const refused = await browser.submit('/auth/enrol/totp', { csrf })
      assert.equal(refused.status, 403)
      assert.equal((await door.credentialsOf(user.name)).enrolling, null)
      const cross = await browser.submit('/auth/enrol/totp', {}, { 'sec-fetch-site': 'cross-site' })
      assert.equal(cross.status, 403)
      await browser.get('/enrol')
      door.advance(5 * 60_000 + 1)
      assert.equal((await browser.get('/enrol')).headers.location, '/reauthenticate?enrol')
      const late = await browser.submit('/auth/enrol/totp', {})
      assert.equal(late.headers.location, '/reauthenticate?enrol')
      await browser.get('/reauthenticate?enrol')
      const back = await browser.submit('/auth/reauthenticate', { password: PASSWORD })
      assert.deepEqual([back.status, back.headers.location], [303, '/enrol'])
      assert.equal((await browser.get('/enrol')).status, 200)
    })
  })
