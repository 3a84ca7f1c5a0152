import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  ENGINES,
  PASSWORD,
  startDoor,
  testBrowser,
  type LoginDoor,
  type TestBrowser,
} from '../support/login-door.ts'

const NEW_PASSWORD = 'another long password'

for (const engine of ENGINES)
  describe(`the pages, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const signedIn = async (name: string): Promise<TestBrowser> => {
      const browser = testBrowser(door)
      await browser.get('/login')
      const answer = await browser.submit('/auth/login', { username: name, password: PASSWORD })
      assert.deepEqual([answer.status, answer.headers.location], [303, '/account'])
      return browser
    }

    test('lead a stranger to the login', async () => {
      const browser = testBrowser(door)
      for (const path of ['/', '/account', '/password']) {
        const answer = await browser.get(path)
        assert.deepEqual([answer.status, answer.headers.location], [303, '/login'])
      }
      const page = await browser.get('/login')
      assert.equal(page.status, 200)
      assert.match(page.body, /<form method="post" action="\/auth\/login">/)
      assert.deepEqual([...browser.cookies.keys()], ['__Host-sallyport-form'])
    })

    test('log in, show the account and log out', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const account = await browser.get('/account')
      assert.match(account.body, new RegExp(`<dd>${name}</dd>`))
      assert.match(account.body, /<dd>reader<\/dd>/)
      const elsewhere = await browser.get('/login')
      assert.deepEqual([elsewhere.status, elsewhere.headers.location], [303, '/account'])
      await browser.get('/account')
      const out = await browser.submit('/auth/logout', {})
      assert.deepEqual([out.status, out.headers.location], [303, '/login?signed-out'])
      assert.equal(out.headers['clear-site-data'], '"cache", "storage"')
      const page = await browser.get('/login?signed-out')
      assert.match(page.body, /role="status">\s*You are logged out\./)
      assert.equal((await browser.get('/account')).headers.location, '/login')
    })

    test('keep the name, and not the password, when a login is refused', async () => {
      const { name } = await door.addUser()
      const browser = testBrowser(door)
      await browser.get('/login')
      const answer = await browser.submit('/auth/login', { username: name, password: 'wrong words' })
      assert.equal(answer.status, 401)
      assert.match(answer.body, /role="alert">User name or password is not right\./)
      assert.ok(answer.body.includes(`value="${name}"`))
      assert.ok(!answer.body.includes('wrong words'))
      const again = await browser.submit('/auth/login', { username: name, password: PASSWORD })
      assert.equal(again.status, 303)
    })

    test('escape the name that was typed', async () => {
      const browser = testBrowser(door)
      await browser.get('/login')
      const answer = await browser.submit('/auth/login', {
        username: '"><script>alert(1)</script>',
        password: 'x',
      })
      assert.equal(answer.status, 401)
      assert.ok(answer.body.includes('&lt;script&gt;alert') && !answer.body.includes('<script>'))
    })

    test('make somebody with a one-time password choose another first', async () => {
      const { name } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const browser = testBrowser(door)
      await browser.get('/login')
      const answer = await browser.submit('/auth/login', { username: name, password: PASSWORD })
      assert.deepEqual([answer.status, answer.headers.location], [303, '/password'])
      for (const path of ['/account', '/login'])
        assert.equal((await browser.get(path)).headers.location, '/password')
      const page = await browser.get('/password')
      assert.match(page.body, /Choose a password[^]*is good only for this/)
      assert.doesNotMatch(page.body, /name="password"/)
      const set = await browser.submit('/auth/password', { newPassword: NEW_PASSWORD, repeat: NEW_PASSWORD })
      assert.deepEqual([set.status, set.headers.location], [303, '/account'])
      assert.match((await browser.get('/account')).body, /Your password is changed/)
      assert.doesNotMatch((await browser.get('/account')).body, /Your password is changed/)
    })

    test('change the password of somebody who knows it', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const attempts = [
        [{ newPassword: NEW_PASSWORD, repeat: 'something else entirely' }, 400, /not the same/],
        [{ newPassword: 'short', repeat: 'short' }, 400, /at least 12 characters/],
        [{ newPassword: PASSWORD, repeat: PASSWORD }, 400, /another than the present one/],
        [
          { newPassword: NEW_PASSWORD, repeat: NEW_PASSWORD, password: 'wrong' },
          401,
          /present password is not right/,
        ],
      ] as const
      for (const [fields, status, words] of attempts) {
        await browser.get('/password')
        const answer = await browser.submit('/auth/password', { password: PASSWORD, ...fields })
        assert.equal(answer.status, status)
        assert.match(answer.body, words)
        assert.ok(!answer.body.includes(NEW_PASSWORD))
      }
      const fields = { password: PASSWORD, newPassword: NEW_PASSWORD, repeat: NEW_PASSWORD }
      assert.equal((await browser.submit('/auth/password', fields)).headers.location, '/account')
      assert.equal((await browser.get('/account')).status, 200)
    })

    test('take no form without its token, with one of another browser, or of another session', async () => {
      const { name } = await door.addUser()
      const [browser, attacker] = [testBrowser(door), testBrowser(door)]
      const credentials = { username: name, password: PASSWORD }
      const page = await attacker.get('/login')
      const stolen = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      await browser.get('/login')
      for (const csrf of ['', 'x', stolen]) {
        const answer = await browser.submit('/auth/login', { ...credentials, csrf })
        assert.equal(answer.status, 403, csrf)
        assert.match(answer.body, /open for too long/)
      }
      const withoutCookie = await testBrowser(door).submit('/auth/login', { ...credentials, csrf: stolen })
      assert.equal(withoutCookie.status, 403)
      const missing = await testBrowser(door).submit('/auth/login', credentials)
      assert.equal(missing.status, 400)
      assert.equal((await browser.submit('/auth/login', credentials)).status, 303)
      const other = await signedIn((await door.addUser()).name)
      const account = await other.get('/account')
      const foreign = /name="csrf" value="([^"]+)"/.exec(account.body)?.[1] ?? ''
      for (const [path, fields] of [
        ['/auth/logout', {}],
        ['/auth/password', { password: PASSWORD, newPassword: NEW_PASSWORD, repeat: NEW_PASSWORD }],
      ] as const)
        assert.equal((await browser.submit(path, { ...fields, csrf: foreign })).status, 403, path)
      assert.equal((await browser.get('/account')).status, 200)
    })

    test('take no form of yesterday, and offer a new one', async (t) => {
      const own = await startDoor(engine)
      t.after(() => own.close())
      const { name } = await own.addUser()
      const browser = testBrowser(own)
      await browser.get('/login')
      own.advance(13 * 3_600_000)
      const credentials = { username: name, password: PASSWORD }
      assert.equal((await browser.submit('/auth/login', credentials)).status, 403)
      own.advance(3_600_000)
      assert.equal((await browser.submit('/auth/login', credentials)).status, 303)
    })

    test('ASVS 14.3.2: carry their headers on every answer, whatever it is', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const answers = [
        await browser.get('/account'),
        await browser.get('/login.css'),
        await browser.get('/login.svg'),
        await browser.get('/'),
        await browser.get('/nothing/here'),
        await browser.get('/auth/session'),
        await browser.post('/auth/refresh', { unknown: 1 }),
        await browser.post('/auth/refresh', undefined, { 'sec-fetch-site': 'cross-site' }),
        await browser.post('/auth/session'),
        await browser.post('/auth/login', 'x'.repeat(20_000)),
        await browser.post('/auth/logout'),
      ]
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 303, 404, 200, 400, 403, 405, 413, 204],
      )
      for (const { headers } of answers) {
        assert.equal(
          headers['content-security-policy'],
          "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        )
        assert.equal(headers['x-content-type-options'], 'nosniff')
        assert.equal(headers['referrer-policy'], 'no-referrer')
        assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
        assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
        assert.equal(headers['cache-control'], 'no-store')
        assert.equal(headers['x-powered-by'], undefined)
        assert.equal(headers['etag'], undefined)
      }
    })

    test('ASVS 14.3.3: leave a browser with a session token and random secrets, and with nothing about its user', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      for (const path of ['/account', '/device', '/password', '/enrol']) await browser.get(path)
      const held = [...browser.cookies.keys()].toSorted()
      assert.deepEqual(held, ['__Host-sallyport', '__Host-sallyport-device', '__Host-sallyport-form'])
      assert.ok(!browser.cookieHeader().includes(name))
      const { body } = await browser.get('/login.js')
      assert.match(body, /navigator\.credentials/)
      assert.doesNotMatch(body, /localStorage|sessionStorage|indexedDB|caches|cookie|serviceWorker/)
    })

    test('ASVS 16.3.3: put on record what no page of ours sends', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      await browser.get('/account')
      for (const answer of [
        await browser.submit('/auth/logout', { csrf: 'guessed' }),
        await browser.post('/auth/logout', { unknown: 1 }),
        await browser.post('/auth/logout', 'x'.repeat(20_000)),
        await door.ask('/auth/logout', {
          method: 'POST',
          body: 'x',
          headers: { 'content-type': 'text/xml' },
        }),
      ]) {
        assert.ok([400, 403, 413, 415].includes(answer.status), answer.body)
        const event = door.events.at(-1)
        assert.ok(event?.event === 'request.refused')
        assert.equal(event.reason, 'request_malformed')
      }
    })

    test('answer a path that is none, or the wrong method, in the caller’s language', async () => {
      const asJson = await door.ask('/nothing')
      assert.equal(asJson.status, 404)
      assert.deepEqual(Object.keys(asJson.json() as object), ['error', 'message', 'requestId'])
      const asPage = await testBrowser(door).get('/nothing')
      assert.match(asPage.body, /There is nothing here\./)
      for (const [path, method, allow] of [
        ['/auth/login', 'GET', 'POST'],
        ['/auth/logout', 'PUT', 'POST'],
        ['/login', 'POST', 'GET, HEAD'],
        ['/auth/session', 'DELETE', 'GET, HEAD'],
      ] as const) {
        const answer = await door.ask(path, { method })
        assert.deepEqual([answer.status, answer.headers.allow], [405, allow], path)
      }
      for (const path of ['/LOGIN', '/login/', '/auth/login/', '//login', '/auth'])
        assert.equal((await door.ask(path)).status, 404, path)
    })

    test('redirect only to themselves, whatever the request names', async () => {
      const { name } = await door.addUser()
      for (const path of ['//evil.example', '/\\evil.example', '/login?next=https://evil.example']) {
        const { headers } = await testBrowser(door).get(path)
        assert.equal(headers.location, undefined, path)
      }
      const browser = testBrowser(door)
      await browser.get('/login?next=https://evil.example')
      const answer = await browser.submit('/auth/login', { username: name, password: PASSWORD })
      assert.equal(answer.headers.location, '/account')
    })

    test('refuse bodies that are too large or compressed', async () => {
      const large = await door.post('/auth/login', { username: 'x', password: 'x'.repeat(20_000) })
      assert.deepEqual([large.status, (large.json() as { error: string }).error], [413, 'body_too_large'])
      const packed = await door.post(
        '/auth/login',
        { username: 'x', password: 'y' },
        { 'content-encoding': 'gzip' },
      )
      assert.equal(packed.status, 415)
      const chunked = await door.ask('/auth/login', {
        method: 'POST',
        body: JSON.stringify({ username: 'x', password: 'y'.repeat(20_000) }),
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      })
      assert.equal(chunked.status, 413)
    })
  })
