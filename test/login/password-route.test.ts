import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { SessionChanged } from '../../src/audit/event.ts'
import { changeCredentials } from '../../src/login/known-user.ts'
import { codesPerSession } from '../support/counting-throttle.ts'
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

    test('ASVS 6.4.1: a one-time password is not kept as the new one', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const { pending } = await login(name)
      const answer = await door.post('/auth/password', { newPassword: PASSWORD }, bearer(pending))
      assert.equal(answer.status, 400)
      assert.equal((answer.json() as { error: string }).error, 'password_refused')
    })

    test('ASVS 6.2.2 and 7.4.3: a session changes the password with the present one, and all other sessions end', async () => {
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

    test('ASVS 6.2.3: without the present password, or with a wrong one, nothing changes', async () => {
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
        assert.equal(wrong.length, error === 'password_refused' ? 0 : 1)
      }
      assert.equal(await isLive(token), true)
      assert.equal((await door.store.users.find(name))?.epoch, 0)
      assert.equal((await login(name))['next'], null)
    })

    test('ASVS 6.2.10: a password is good however old it is', async (t) => {
      const own = await startDoor(engine)
      t.after(() => own.close())
      const { name } = await own.addUser()
      own.advance(10 * 365 * 86_400_000)
      const answer = await own.post('/auth/login', { username: name, password: PASSWORD })
      assert.deepEqual([answer.status, (answer.json() as { next: unknown }).next], [200, null])
    })

    test('ASVS 6.2.6 and 6.2.7: passwords are typed covered, and pasted or filled in by a password manager', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      const fields = async (path: string) =>
        ((await browser.get(path)).body.match(/<input\s[^>]*>/g) ?? []).filter((tag) => /password/.test(tag))
      const all = await fields('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      all.push(...(await fields('/password')))
      assert.deepEqual(
        all.map((tag) => [/\stype="(\w+)"/.exec(tag)?.[1], /\sautocomplete="([\w-]+)"/.exec(tag)?.[1]]),
        [
          ['password', 'current-password'],
          ['password', 'current-password'],
          ['password', 'new-password'],
          ['password', 'new-password'],
        ],
      )
      for (const tag of all) assert.doesNotMatch(tag, /onpaste|readonly|maxlength/i)
    })

    test('nobody sets a password without a session', async () => {
      const answer = await door.post('/auth/password', { newPassword: NEW_PASSWORD, password: PASSWORD })
      assert.equal(answer.status, 401)
      assert.equal((answer.json() as { error: string }).error, 'unauthenticated')
    })

    test('ASVS 6.3.7: a change is on record once, ends the session once, and its owner can read of it', async () => {
      const { name } = await door.addUser()
      const { token } = await login(name)
      const from = door.events.length
      const body = { newPassword: NEW_PASSWORD, password: PASSWORD }
      assert.equal((await door.post('/auth/password', body, bearer(token))).status, 200)
      const said = door.events
        .slice(from)
        .map((one) => [one.event, 'reason' in one ? one.reason : 'factor' in one ? one.factor : null])
      assert.deepEqual(said, [
        ['factor.added', 'password'],
        ['session.ended', 'password_changed'],
        ['session.opened', 'password_changed'],
      ])
      assert.ok(!JSON.stringify(door.events.slice(from)).includes(NEW_PASSWORD))
      const [latest] = await door.store.histories.list(name)
      assert.deepEqual([latest?.event, latest?.address], ['password_changed', '127.0.0.1'])
      assert.deepEqual(
        door.announced
          .filter((one) => one.kind === 'user' && one.user === name)
          .map((one) => 'epoch' in one && one.epoch),
        [1],
      )
    })

    test('ASVS 6.2.4 and 6.2.11: a password that is easily guessed is not set, and one sentence says so', async () => {
      const { name } = await door.addUser({ name: `wintermute-${engine}` })
      const { token } = await login(name)
      for (const newPassword of ['password12345', `${name}-2024`, 'Sallyport-2024!', 'qwertyuiop123']) {
        const answer = await door.post('/auth/password', { newPassword, password: PASSWORD }, bearer(token))
        const { requestId: _requestId, ...rest } = answer.json() as { requestId: string }
        assert.deepEqual(rest, {
          error: 'password_refused',
          message:
            'The password is too easy to guess: take several words that have nothing to do with one another.',
        })
      }
      assert.equal(await isLive(token), true)
    })

    test('ASVS 6.2.8: a password is taken as it is, whatever it is made of', async () => {
      const strange = [
        'zebra\u0000under\u0000glass 7 rivers',
        '🔑 🚪 🦉 🍄 🧭 🪁 🐘 zebra',
        '  blanks before and behind a zebra  ',
        'новый пароль для зебры у реки',
        '\u202Ezebra turned around\u202C by a river',
        `${'\u0301'.repeat(3)} marks without a letter, zebra`,
        '"><script>zebra</script>\r\n\t river',
      ]
      for (const [at, newPassword] of strange.entries()) {
        const { name } = await door.addUser({ name: `strange-${at}` })
        const { token } = await login(name)
        const answer = await door.post('/auth/password', { newPassword, password: PASSWORD }, bearer(token))
        assert.equal(answer.status, 200, `${answer.body} ${newPassword}`)
        assert.equal((await login(name, newPassword))['next'], null)
        for (const other of [
          newPassword.slice(0, -1),
          newPassword.trim().toUpperCase(),
          newPassword.split('\u0000')[0],
        ])
          if (other !== newPassword) assert.equal((await login(name, other))['error'], 'invalid_credentials')
        const browser = testBrowser(door)
        await browser.get('/login')
        // A form turns line breaks into CR LF, and has no other way to say them.
        const byForm = await browser.submit('/auth/login', { username: name, password: newPassword })
        assert.equal(byForm.status, 303, newPassword)
      }
    })

    test('fields that are doubled, huge, of another type, or no Unicode are refused before anything is checked', async () => {
      const { name } = await door.addUser()
      const { token } = await login(name)
      const good = JSON.stringify(NEW_PASSWORD)
      const present = JSON.stringify(PASSWORD)
      const raw: (readonly [string, number])[] = [
        [`{"newPassword":["${NEW_PASSWORD}"],"password":${present}}`, 400],
        [`{"newPassword":{"toString":"x"},"password":${present}}`, 400],
        [`{"newPassword":null,"password":${present}}`, 400],
        [`{"newPassword":123456789012345,"password":${present}}`, 400],
        [`{"newPassword":true,"password":${present}}`, 400],
        [`{"newPassword":${good},"password":[${present}]}`, 400],
        [`{"newPassword":${good},"password":${present},"__proto__":{"x":1}}`, 400],
        [`{"newPassword":${good},"password":${present},"constructor":1}`, 400],
        [`[${good},${present}]`, 400],
        [`{"newPassword":"zebra under \\ud800 glass river","password":${present}}`, 400],
        [`{"newPassword":"${'z'.repeat(1_025)}","password":${present}}`, 400],
        [`{"newPassword":"${'\ufdfa'.repeat(1_000)}","password":${present}}`, 400],
        [`{"newPassword":"${'z'.repeat(20_000)}","password":${present}}`, 413],
        [`{"newPassword":${good},"password":${present}`, 400],
      ]
      for (const [body, status] of raw) {
        const answer = await door.ask('/auth/password', {
          method: 'POST',
          headers: { ...bearer(token), 'content-type': 'application/json' },
          body,
        })
        assert.equal(answer.status, status, body.slice(0, 80))
        assert.doesNotMatch(answer.body, /zebra|zzzz|another long/)
      }
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      const form = await browser.get('/password')
      const csrf = /name="csrf" value="([^"]*)"/.exec(form.body)?.[1] ?? ''
      const fields = { csrf, password: PASSWORD, newPassword: NEW_PASSWORD, repeat: NEW_PASSWORD }
      const doubled = [...Object.entries(fields), ['newPassword', 'x'.repeat(20)]] as [string, string][]
      const answer = await door.ask('/auth/password', {
        method: 'POST',
        headers: {
          cookie: browser.cookieHeader(),
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
        },
        body: new URLSearchParams(doubled).toString(),
      })
      assert.equal(answer.status, 400)
      assert.equal((await login(name))['next'], null)
      assert.equal((await door.store.users.find(name))?.epoch, 0)
    })

    test('ASVS 6.3.1: guesses of the present password are counted like codes, before they are checked', async (t) => {
      const own = await startDoor(engine, () => ({ throttle: codesPerSession(3) }))
      t.after(() => own.close())
      const { name } = await own.addUser()
      const { token } = (
        await own.post('/auth/login', { username: name, password: PASSWORD, token: true })
      ).json() as Record<string, string>
      const change = async (password: string) =>
        own.post('/auth/password', { newPassword: NEW_PASSWORD, password }, bearer(token))
      for (let guess = 0; guess < 3; guess++) assert.equal((await change('wrong')).status, 401)
      const waiting = await change(PASSWORD)
      assert.deepEqual([waiting.status, waiting.headers['retry-after']], [429, '7'])
      assert.equal((await own.store.users.find(name))?.epoch, 0)
    })

    test('second factors, and what changed meanwhile, stay as they are', async () => {
      const totp = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 7, addedAt: 1 }
      const { name } = await door.addUser()
      const { token } = await login(name)
      await changeCredentials(
        name,
        ({ credentials }) => ({
          kind: 'write',
          credentials: { ...credentials, totp, recoveryCodes: ['0'.repeat(64)] },
          endSessions: false,
          told: undefined,
        }),
        door.options,
      )
      const body = { newPassword: NEW_PASSWORD, password: PASSWORD }
      assert.equal((await door.post('/auth/password', body, bearer(token))).status, 200)
      const { totp: kept, recoveryCodes } = await door.credentialsOf(name)
      assert.deepEqual({ kept, recoveryCodes }, { kept: totp, recoveryCodes: ['0'.repeat(64)] })
    })

    test('of 20 changes at the same time with as many sessions exactly one succeeds', async () => {
      const { name } = await door.addUser()
      const tokens: (string | undefined)[] = []
      for (let at = 0; at < 20; at++) tokens.push((await login(name))['token'])
      const answers = await Promise.all(
        tokens.map(async (token, at) =>
          door.post(
            '/auth/password',
            { newPassword: `${NEW_PASSWORD} ${at}`, password: PASSWORD },
            bearer(token),
          ),
        ),
      )
      const won = answers.map(({ status }) => status)
      assert.deepEqual(
        won.filter((status) => status === 200),
        [200],
        won.join(),
      )
      const { epoch, revision } = (await door.store.users.find(name)) ?? {}
      assert.deepEqual([epoch, revision], [1, 1])
      assert.equal((await login(name, `${NEW_PASSWORD} ${won.indexOf(200)}`))['next'], null)
      assert.equal((await login(name))['error'], 'invalid_credentials')
      const live = await Promise.all(tokens.map(async (token) => isLive(token)))
      assert.deepEqual([...new Set(live)], [false])
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
      const ended = door.events.filter(
        (one) => one.event === 'session.ended' && one.principal === `user:${name}`,
      )
      assert.equal(ended.length, 1)
      assert.equal((await login(name, `${NEW_PASSWORD} ${won.indexOf(200)}`))['next'], null)
    })
  })
