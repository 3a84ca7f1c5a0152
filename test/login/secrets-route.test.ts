import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { WantedSecrets } from '../../src/login/wanted-secrets.ts'
import type { Answer } from '../support/clients.ts'
import {
  ENGINES,
  PASSWORD,
  startDoor,
  testBrowser,
  type LoginDoor,
  type TestBrowser,
} from '../support/login-door.ts'
import { totpCode } from '../support/totp.ts'

const MINUTE = 60_000
const WIKI: WantedSecrets = { upstream: 'wiki', audience: 'https://wiki.internal', names: ['token'] }
const FILES: WantedSecrets = { upstream: 'files', audience: `stdio:${'a'.repeat(64)}`, names: ['a', 'b'] }
const HIDDEN: WantedSecrets = { upstream: 'hidden', audience: 'https://hidden.internal', names: ['token'] }
const SECRET = 'sk_live_0123456789'

for (const engine of ENGINES)
  describe(`keys for upstream servers, on ${engine}`, () => {
    let door: LoginDoor
    /** By user; nothing for others. */
    const wanted = new Map<string, readonly WantedSecrets[]>()
    before(async () => {
      door = await startDoor(engine, () => ({ wantedSecrets: ({ name }) => wanted.get(name) ?? [] }))
    })
    after(() => door.close())

    const signedIn = async (name: string): Promise<TestBrowser> => {
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      return browser
    }
    const someone = async (of: readonly WantedSecrets[] = [WIKI, FILES]) => {
      const { name } = await door.addUser()
      wanted.set(name, of)
      return { name, browser: await signedIn(name) }
    }
    const account = async (browser: TestBrowser): Promise<string> => (await browser.get('/account')).body
    const read = async (name: string, of: WantedSecrets): Promise<object> => ({
      ...(await door.options.upstreamSecrets.read(`user:${name}`, of.upstream, of.audience, of.names)),
    })
    const eventsOf = (name: string) =>
      door.events.flatMap((event) => {
        const isOurs = event.event === 'secret.set' || event.event === 'secret.removed'
        return isOurs && event.principal === `user:${name}` ? [event] : []
      })
    const set = (browser: TestBrowser, fields: Record<string, string> = {}): Promise<Answer> =>
      browser.submit('/auth/secret', { upstream: 'wiki', name: 'token', value: SECRET, ...fields })

    test('who is asked for none sees no such section', async () => {
      const { browser } = await someone([])
      assert.ok(!(await account(browser)).includes('Keys for upstream servers'))
    })

    test('each sees what is wanted of him, sets it, replaces it and takes it away, and no value is ever shown', async () => {
      const { name, browser } = await someone()
      const page = await account(browser)
      assert.match(page, /<h2 id="upstream-keys">/)
      for (const words of ['wiki: token', 'files: a', 'files: b', 'https://wiki.internal', 'not yet'])
        assert.ok(page.includes(words), words)
      assert.ok(!page.includes('stdio:') && !page.includes('/auth/remove/secret'))
      const done = await set(browser)
      assert.deepEqual([done.status, done.headers.location], [303, '/account#upstream-keys'])
      assert.deepEqual(await read(name, WIKI), { token: SECRET })
      const after_ = await account(browser)
      assert.ok(after_.includes('/auth/remove/secret') && after_.includes('Another key in its place'))
      assert.ok(!after_.includes(SECRET))
      assert.doesNotMatch(after_, /type="password"[^>]*\svalue=/)
      await set(browser, { value: 'another' })
      assert.deepEqual(await read(name, WIKI), { token: 'another' })
      await account(browser)
      await browser.submit('/auth/remove/secret', {})
      assert.deepEqual(await read(name, WIKI), {})
      const mine = `user:${name}`
      assert.deepEqual(
        eventsOf(name).map(({ event, principal, upstream, name: key, by }) => [
          event,
          principal,
          upstream,
          key,
          by,
        ]),
        ['secret.set', 'secret.set', 'secret.removed'].map((event) => [event, mine, 'wiki', 'token', mine]),
      )
      assert.ok(eventsOf(name).every(({ requestId, address }) => requestId !== null && address !== null))
      assert.ok(!JSON.stringify(door.events).includes(SECRET))
      const history = (await door.store.histories.list(name)).map(({ event }) => event)
      assert.deepEqual(history.slice(0, 3), ['secret_removed', 'secret_set', 'secret_set'])
      assert.match(await account(browser), /A key for an upstream server was removed/)
    })

    test('as JSON likewise, with a token', async () => {
      const { name } = await someone()
      const login = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      const { token } = login.json() as { token: string }
      const headers = { authorization: `Bearer ${token}` }
      const body = { upstream: 'wiki', name: 'token' }
      assert.equal((await door.post('/auth/secret', { ...body, value: SECRET }, headers)).status, 204)
      assert.deepEqual(await read(name, WIKI), { token: SECRET })
      assert.equal((await door.post('/auth/remove/secret', body, headers)).status, 204)
      assert.equal((await door.post('/auth/remove/secret', body, headers)).status, 409)
    })

    test('what may not be seen cannot be set, and is answered as what does not exist', async () => {
      const { name, browser } = await someone()
      const refused: Answer[] = []
      for (const fields of [{ upstream: 'hidden' }, { upstream: 'there-is-none' }, { name: 'other' }]) {
        await account(browser)
        refused.push(await set(browser, { ...fields }))
      }
      assert.deepEqual(
        refused.map(({ status }) => status),
        [409, 409, 409],
      )
      const words = refused.map(({ body }) => /There is no such key[^<]*/.exec(body)?.[0])
      assert.equal(new Set(words).size, 1)
      assert.deepEqual([await read(name, HIDDEN), eventsOf(name).length], [{}, 0])
    })

    test('whoever has not just proved who he is sees no form, and is led to prove it', async () => {
      const { name, browser } = await someone()
      const page = await account(browser)
      assert.ok(page.includes('action="/auth/secret"'))
      door.advance(6 * MINUTE)
      const stale = await set(browser)
      assert.deepEqual([stale.status, stale.headers.location], [303, '/reauthenticate?account'])
      assert.deepEqual(await read(name, WIKI), {})
      const later = await account(browser)
      assert.ok(!later.includes('action="/auth/secret"') && later.includes('/reauthenticate?account'))
      await browser.get('/reauthenticate?account')
      await browser.submit('/auth/reauthenticate', { password: PASSWORD })
      await account(browser)
      assert.equal((await set(browser)).headers.location, '/account#upstream-keys')
    })

    test('a session that never proved the second factor of its user changes nothing', async () => {
      const { name, browser } = await someone()
      await account(browser)
      const enrolled = await browser.post('/auth/enrol/totp')
      const { secret } = enrolled.json() as { secret: string }
      assert.equal(
        (await browser.post('/auth/enrol/totp', { code: totpCode(secret, door.options.now()) })).status,
        200,
      )
      const other = await signedIn(name)
      const answer = await other.submit('/auth/secret', { upstream: 'wiki', name: 'token', value: SECRET })
      assert.equal(answer.headers.location, '/second-factor')
      assert.deepEqual(await read(name, WIKI), {})
    })

    test('a form of another session, of none, or from elsewhere changes nothing', async () => {
      const { name, browser } = await someone()
      const stranger = await someone()
      const [, foreign = ''] = /name="csrf" value="([^"]+)"/.exec(await account(stranger.browser)) ?? []
      assert.notEqual(foreign, '')
      for (const csrf of ['x', foreign]) {
        await account(browser)
        assert.equal((await set(browser, { csrf })).status, 403)
      }
      await account(browser)
      const crossSite = await browser.submit(
        '/auth/secret',
        { upstream: 'wiki', name: 'token', value: SECRET },
        { 'sec-fetch-site': 'cross-site' },
      )
      assert.equal(crossSite.status, 403)
      const none = await testBrowser(door).submit('/auth/secret', {
        upstream: 'wiki',
        name: 'token',
        value: 'x',
      })
      assert.equal(none.headers.location, '/login')
      assert.equal(
        (await door.post('/auth/secret', { upstream: 'wiki', name: 'token', value: 'x' })).status,
        401,
      )
      assert.deepEqual(await read(name, WIKI), {})
    })

    test('what is no key is refused in words, and more than 64 are', async () => {
      const { name, browser } = await someone()
      for (const value of ['', 'two\nlines', 'x'.repeat(8_193)]) {
        await account(browser)
        const { status, body } = await set(browser, { value })
        assert.equal(status, 400)
        assert.match(body, /A key is one line of at most 8192 bytes/)
      }
      await account(browser)
      assert.equal((await set(browser, { more: 'x' })).status, 400)
      await account(browser)
      for (let at = 0; at < 64; at++) {
        const place = { principal: `user:${name}`, upstream: 'gone', audience: 'x', name: `n-${at}` }
        await door.options.upstreamSecrets.set(place, 'x')
      }
      const full = await set(browser)
      assert.equal(full.status, 409)
      assert.match(full.body, /at most 64 keys/)
      assert.deepEqual(eventsOf(name), [])
    })

    test('what was set for another address is said to be unused, and what nothing asks for can be removed', async () => {
      const { name, browser } = await someone([WIKI])
      await account(browser)
      await set(browser)
      wanted.set(name, [{ ...WIKI, audience: 'https://elsewhere.internal' }])
      const moved = await account(browser)
      assert.match(moved, /It is not used: the server is at another address now/)
      assert.ok(moved.includes('https://elsewhere.internal') && !moved.includes('https://wiki.internal'))
      wanted.set(name, [])
      const gone = await account(browser)
      assert.match(gone, /and nothing asks for it any more/)
      assert.ok(!gone.includes('action="/auth/secret"'))
      await browser.submit('/auth/remove/secret', {})
      assert.ok(!(await account(browser)).includes('Keys for upstream servers'))
    })

    test('without an audit trail nothing is set, and what is removed is gone all the same', async () => {
      const { name, browser } = await someone()
      await account(browser)
      await set(browser)
      await account(browser)
      door.failAudit(true)
      try {
        assert.equal((await set(browser, { value: 'another' })).status, 503)
        assert.deepEqual(await read(name, WIKI), { token: SECRET })
        await account(browser)
        assert.equal((await browser.submit('/auth/remove/secret', {})).status, 303)
        assert.deepEqual(await read(name, WIKI), {})
      } finally {
        door.failAudit(false)
      }
      assert.ok(!JSON.stringify(door.faults.map(String)).includes(SECRET))
    })

    test('names of upstreams and what is typed are text on the page, never markup', async () => {
      const { browser } = await someone([{ ...WIKI, upstream: '<b>"\'&', audience: 'https://<i>' }])
      const page = await account(browser)
      assert.ok(!page.includes('<b>') && !page.includes('<i>') && page.includes('&lt;b&gt;&quot;&#39;&amp;'))
    })
  })
