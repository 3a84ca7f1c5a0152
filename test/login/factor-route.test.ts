import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openStore } from '../../src/store/open.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { proveCode } from '../../src/login/prove-code.ts'
import type { Answer } from '../support/clients.ts'
import { codesPerSession } from '../support/counting-throttle.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'
import { TOTP_SECRET } from '../support/totp.ts'

for (const engine of ENGINES)
  describe(`the second factor of a login, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const give = (code: unknown, token: string): Promise<Answer> =>
      door.post('/auth/factor', { code }, bearer(token))
    const isLive = async (token: string): Promise<boolean> =>
      (await door.ask('/auth/session', { headers: bearer(token) })).status === 200
    const login = (body: object): Promise<Answer> =>
      door.post('/auth/login', { password: PASSWORD, token: true, ...body })

    test('ASVS 7.2.4: a code makes a pending login a session, under a new token', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      assert.equal(await isLive(pending), false)
      const answer = await give(user.code(), pending)
      assert.equal(answer.status, 200)
      const { token = '', next, user: who } = answer.json() as Record<string, string>
      assert.deepEqual([next, who], [null, { name: user.name, roles: ['reader'] }])
      const session = (await door.ask('/auth/session', { headers: bearer(token) })).json() as Record<
        string,
        string
      >
      assert.equal(Math.abs(Date.parse(session['mfaAt'] ?? '') - door.options.now()) < 5_000, true)
      assert.equal((await give(user.code(1), pending)).status, 401)
      const [live] = await door.store.sessions.list(user.name, door.options.now())
      assert.deepEqual(live?.record.authenticationMethods, ['password', 'totp'])
    })

    test('ASVS 6.5.1: a code is good once, also for another login', async () => {
      const user = await factorUser(door)
      const code = user.code()
      assert.equal((await give(code, await user.pending())).status, 200)
      const again = await give(code, await user.pending())
      assert.deepEqual(
        [again.status, (again.json() as { error: string }).error],
        [401, 'invalid_credentials'],
      )
      assert.equal((await login({ username: user.name, code })).status, 401)
      assert.equal(
        (await give(user.code(-1), await user.pending())).status,
        401,
        'a step before is used, too',
      )
      assert.equal((await give(user.code(1), await user.pending())).status, 200)
    })

    test('ASVS 6.5.5: a code of the step before or after is good, one of two steps away is not', async () => {
      for (const [steps, status] of [
        [-2, 401],
        [-1, 200],
        [1, 200],
        [2, 401],
      ] as const) {
        const user = await factorUser(door)
        assert.equal((await give(user.code(steps), await user.pending())).status, status, `${steps} steps`)
      }
    })

    test('ASVS 6.5.1: of 100 submissions of one code at the same time one is good', async () => {
      const user = await factorUser(door)
      const code = user.code()
      const pending = await Promise.all(Array.from({ length: 10 }, () => user.pending()))
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) => give(code, pending[at % 10] ?? '')),
      )
      const statuses = answers.map(({ status }) => status)
      assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join())
      assert.ok(statuses.every((status) => status === 200 || status === 401))
    })

    test('ASVS 6.5.1: one code at two nodes at the same time is good at one', async () => {
      const store = await openStore(door.location, { now: door.options.now, slotOf })
      try {
        for (let round = 0; round < 10; round++) {
          const { name, code, recoveryCodes } = await factorUser(door)
          const caller = { requestId: '', address: '127.0.0.1', userAgent: '' }
          for (const given of [code(), recoveryCodes[0] ?? '']) {
            const attempt = { user: { name, epoch: 0 }, digest: '', code: given, caller }
            const nodes = [door.options, { ...door.options, users: store.users }]
            const outcomes = await Promise.all(nodes.map((node) => proveCode(attempt, node)))
            assert.deepEqual(outcomes.map(({ kind }) => kind).toSorted(), ['proved', 'refused'])
          }
        }
      } finally {
        await store.close()
      }
    })

    test('a clock that goes back brings no used code back, and takes new ones once it has caught up', async () => {
      const user = await factorUser(door)
      assert.equal((await give(user.code(), await user.pending())).status, 200)
      door.advance(-10 * 60_000)
      const early = await user.pending()
      assert.equal((await give(user.code(), early)).status, 401)
      door.advance(10 * 60_000 + 60_000)
      assert.equal((await give(user.code(), await user.pending())).status, 200)
    })

    test('ASVS 6.5.1: a recovery code is good once, however it is typed, and counts as a second factor', async () => {
      const user = await factorUser(door)
      const [code = '', other = ''] = user.recoveryCodes
      const typed = ` ${code.toUpperCase().replaceAll('-', ' ')} `
      const answer = await give(typed, await user.pending())
      assert.equal(answer.status, 200)
      assert.equal((answer.json() as { next: unknown }).next, null)
      assert.equal((await give(code, await user.pending())).status, 401)
      assert.equal((await door.credentialsOf(user.name)).recoveryCodes.length, 9)
      const pending = await Promise.all(Array.from({ length: 20 }, () => user.pending()))
      const answers = await Promise.all(pending.map((token) => give(other, token)))
      assert.equal(answers.filter(({ status }) => status === 200).length, 1)
      const history = await door.store.histories.list(user.name)
      assert.equal(history.filter(({ event }) => event === 'recovery_code_used').length, 2)
    })

    test('a recovery code of somebody else is none', async () => {
      const [user, other] = [await factorUser(door), await factorUser(door)]
      assert.equal((await give(other.recoveryCodes[0], await user.pending())).status, 401)
      assert.equal((await door.credentialsOf(other.name)).recoveryCodes.length, 10)
    })

    test('a wrong code is on record, and its owner is told once', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      const known = door.events.length
      for (let tries = 0; tries < 3; tries++) assert.equal((await give('000000', pending)).status, 401)
      const reasons = door.events.slice(known).flatMap((event) => ('reason' in event ? [event.reason] : []))
      assert.deepEqual(
        reasons,
        Array.from({ length: 3 }, () => 'second_factor_refused'),
      )
      const history = await door.store.histories.list(user.name)
      assert.equal(history.filter(({ event }) => event === 'login_failed').length, 1)
      assert.ok(!JSON.stringify(door.events).includes(TOTP_SECRET))
      assert.ok(!JSON.stringify(door.events).includes('000000'))
    })

    test('a login with both is complete at once, and leaves no pending one behind', async () => {
      const user = await factorUser(door)
      const answer = await login({ username: user.name, code: user.code() })
      assert.equal(answer.status, 200)
      const { next, token = '' } = answer.json() as Record<string, string>
      assert.equal(next, null)
      assert.equal(await isLive(token), true)
      const sessions = await door.store.sessions.list(user.name, door.options.now())
      assert.deepEqual(
        sessions.map(({ record }) => [record.pending, record.authenticationMethods]),
        [[null, ['password', 'totp']]],
      )
    })

    test('ASVS 6.3.8: a login with a wrong code answers as one with a wrong password', async () => {
      const [user, without] = [await factorUser(door), await door.addUser()]
      const shown = async (body: object): Promise<unknown> => {
        const { status, body: text, headers } = await login(body)
        const { requestId: _, ...rest } = JSON.parse(text) as Record<string, unknown>
        return { status, rest, keys: Object.keys(headers).toSorted() }
      }
      const expected = await shown({ username: user.name, password: 'not the password', code: user.code() })
      const others = [
        { username: user.name, code: '000000' },
        { username: user.name, code: '' },
        { username: user.name, code: 'nonsense' },
        { username: without.name, code: '000000' },
        { username: 'nobody', code: '000000' },
      ]
      for (const body of others) assert.deepEqual(await shown(body), expected)
      assert.equal((await door.store.sessions.list(user.name, door.options.now())).length, 0)
      assert.equal(
        (await login({ username: user.name, code: user.code() })).status,
        200,
        'the code was not used up',
      )
    })

    test('a password that was reset is set anew only by who has the factor, too', async () => {
      const user = await factorUser(door, { oneTimeUntil: door.options.now() + 60_000 })
      const pending = await user.pending()
      const refused = await door.post(
        '/auth/password',
        { newPassword: 'another long password' },
        bearer(pending),
      )
      assert.equal(refused.status, 401)
      const given = (await give(user.code(), pending)).json() as Record<string, string>
      assert.equal(given['next'], 'change_password')
      const set = await door.post(
        '/auth/password',
        { newPassword: 'another long password' },
        bearer(given['pending'] ?? ''),
      )
      assert.equal((set.json() as { next: unknown }).next, null)
    })

    test('a pending login that ends, by time, logout or for a disabled user, takes no code', async () => {
      const user = await factorUser(door)
      const [late, out, disabled] = [await user.pending(), await user.pending(), await user.pending()]
      await door.post('/auth/logout', undefined, bearer(out))
      assert.equal((await give(user.code(), out)).status, 401)
      door.advance(5 * 60_000)
      assert.equal((await give(user.code(), late)).status, 401)
      const fresh = await user.pending()
      await door.store.users.setDisabled(user.name, true)
      assert.equal((await give(user.code(), fresh)).status, 401)
      assert.equal((await give(user.code(), disabled)).status, 401)
      assert.equal((await login({ username: user.name, code: user.code() })).status, 401)
    })

    test('a code for a login that ended while it was on its way is not taken, and not used up', async () => {
      const user = await factorUser(door)
      const caller = { requestId: '', address: '127.0.0.1', userAgent: '' }
      const giveFor = (epoch: number) =>
        proveCode({ user: { name: user.name, epoch }, digest: '', code: user.code(), caller }, door.options)
      const refused = { kind: 'refused', reason: 'session_invalid' }
      await door.store.sessions.endAll(user.name)
      assert.deepEqual(await giveFor(0), refused)
      await door.store.users.setDisabled(user.name, true)
      assert.deepEqual(await giveFor(2), refused)
      await door.store.users.setDisabled(user.name, false)
      assert.equal((await giveFor(3)).kind, 'proved')
    })

    test('credentials that cannot be opened are a refusal, never a missing factor', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      const stored = await door.store.users.find(user.name)
      const forged = (stored?.credentials ?? '').replace(/.{4}$/, 'AAAA')
      assert.ok(
        await door.store.users.update(
          user.name,
          { credentials: forged, endSessions: false },
          stored?.revision ?? -1,
        ),
      )
      assert.equal((await give(user.code(), pending)).status, 401)
      assert.equal((await login({ username: user.name })).status, 401)
      assert.equal((await login({ username: user.name, code: user.code() })).status, 401)
    })

    test('only a pending login for it takes a code, with a body that is one', async () => {
      const user = await factorUser(door)
      const complete = await user.token()
      assert.equal((await give(user.code(), complete)).status, 401)
      assert.equal((await door.post('/auth/factor', { code: user.code() })).status, 401)
      const pending = await user.pending()
      const bodies = [
        undefined,
        {},
        { code: 123456 },
        { code: null },
        { code: [user.code()] },
        { code: '1'.repeat(65) },
        { code: user.code(), more: true },
        { code: { length: 6 } },
      ]
      for (const body of bodies)
        assert.equal(
          (await door.post('/auth/factor', body, bearer(pending))).status,
          400,
          JSON.stringify(body),
        )
      for (const code of ['', '12345', '１２３４５６', '\u0000', '__proto__', "' or 1=1", 'a'.repeat(64)])
        assert.equal((await give(code, pending)).status, 401, JSON.stringify(code))
      assert.equal((await give(user.code(), pending)).status, 200)
    })

    test('what cannot be recorded opens no session', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      door.failAudit(true)
      const answer = await give(user.code(), pending).finally(() => door.failAudit(false))
      assert.equal(answer.status, 503)
      const sessions = await door.store.sessions.list(user.name, door.options.now())
      assert.deepEqual(
        sessions.filter(({ record }) => record.pending === null),
        [],
      )
    })

    test('a browser gives the code in a form of its own, and nobody else does for it', async () => {
      const user = await factorUser(door)
      const browser = testBrowser(door)
      await browser.get('/login')
      const at = await browser.submit('/auth/login', { username: user.name, password: PASSWORD })
      assert.equal(at.headers.location, '/second-factor')
      const foreign = testBrowser(door)
      await foreign.get('/login')
      await foreign.submit('/auth/login', { username: user.name, password: PASSWORD })
      const { body } = await foreign.get('/second-factor')
      const csrf = /name="csrf" value="([^"]*)"/.exec(body)?.[1] ?? ''
      await browser.get('/second-factor')
      const stolen = await browser.submit('/auth/factor', { csrf, code: user.code() })
      assert.equal(stolen.status, 403)
      const wrong = await browser.submit('/auth/factor', { code: '000000' })
      assert.equal(wrong.status, 401)
      assert.match(wrong.body, /role="alert">The code is not right/)
      const earlier = browser.cookieHeader()
      const right = await browser.submit('/auth/factor', { code: user.code().replace(/^.../, '$& ') })
      assert.deepEqual([right.status, right.headers.location], [303, '/account'])
      assert.notEqual(browser.cookieHeader(), earlier)
      assert.equal((await browser.get('/second-factor')).headers.location, '/account')
      const late = await door.ask('/auth/session', {
        headers: { cookie: earlier, 'sec-fetch-site': 'same-origin' },
      })
      assert.equal(late.status, 401)
    })
  })

for (const engine of ENGINES)
  describe(`tries of a code, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine, () => ({ throttle: codesPerSession(5) }))
    })
    after(() => door.close())

    test('ASVS 6.3.1: are five, and then the login has to be begun again', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      for (let tries = 0; tries < 5; tries++) {
        const answer = await door.post('/auth/factor', { code: '000000' }, bearer(pending))
        assert.equal(answer.status, 401)
      }
      const over = await door.post('/auth/factor', { code: user.code() }, bearer(pending))
      assert.deepEqual([over.status, over.headers['retry-after']], [429, '7'])
      assert.equal((await door.post('/auth/factor', { code: user.code() }, bearer(pending))).status, 401)
      assert.deepEqual(await door.store.sessions.list(user.name, door.options.now()), [])
      const ended = door.events.findLast((event) => event.event === 'session.ended')
      assert.equal(ended !== undefined && 'reason' in ended && ended.reason, 'too_many_tries')
      assert.equal(door.announced.at(-1)?.kind, 'session')
      const again = await door.post('/auth/factor', { code: user.code() }, bearer(await user.pending()))
      assert.equal(again.status, 200)
    })

    test('ASVS 6.3.8: too many of them with a login answer as a wrong password, and are on record', async () => {
      const strict = await startDoor(engine, () => ({ throttle: codesPerSession(0) }))
      try {
        const user = await factorUser(strict)
        const body = { username: user.name, password: PASSWORD, code: user.code(), token: true }
        const answer = await strict.post('/auth/login', body)
        assert.deepEqual([answer.status, answer.headers['retry-after']], [401, undefined])
        const last = strict.events.at(-1)
        assert.equal(last !== undefined && 'reason' in last && last.reason, 'second_factor_refused')
      } finally {
        await strict.close()
      }
    })

    test('are so for 50 at the same time', async () => {
      const user = await factorUser(door)
      const pending = await user.pending()
      const known = door.events.length
      await Promise.all(
        Array.from({ length: 50 }, () => door.post('/auth/factor', { code: '000000' }, bearer(pending))),
      )
      const checked = door.events
        .slice(known)
        .filter((event) => 'reason' in event && event.reason === 'second_factor_refused')
      assert.ok(checked.length <= 5, String(checked.length))
    })

    test('end the login of a browser, which is led to begin again', async () => {
      const user = await factorUser(door)
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: user.name, password: PASSWORD })
      await browser.get('/second-factor')
      for (let tries = 0; tries < 5; tries++) await browser.submit('/auth/factor', { code: '000000' })
      const over = await browser.submit('/auth/factor', { code: user.code() })
      assert.equal(over.status, 429)
      assert.match(over.body, /href="\/login"/)
      assert.equal(browser.cookies.has('__Host-sallyport'), false)
      assert.equal((await browser.get('/second-factor')).headers.location, '/login')
    })
  })
