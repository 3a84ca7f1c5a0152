import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sessionHolder } from '../../src/login/form-guard.ts'
import { riseByPasskey } from '../../src/login/rise-by-passkey.ts'
import { authenticator } from '../support/authenticator.ts'
import { codesPerSession } from '../support/counting-throttle.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'
import { asked, errorIn, originOf, passkeyUser, userIn, withPassword } from '../support/passkey-user.ts'

for (const engine of ENGINES)
  describe(`a passkey as second factor, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    test('ASVS 7.2.4: it makes a pending login a session, under a new token', async () => {
      const { name, passkey } = await passkeyUser(door)
      const browser = await withPassword(door, name)
      assert.equal(await userIn(browser), undefined)
      const held = browser.cookies.get('__Host-sallyport')
      const options = await asked(browser)
      assert.deepEqual(options.allowCredentials, [
        { type: 'public-key', id: passkey.id, transports: ['internal', 'hybrid'] },
      ])
      const answer = await browser.post('/auth/passkey', passkey.get(options, originOf(door)))
      assert.deepEqual([answer.status, (answer.json() as { next: unknown }).next], [200, null])
      assert.notEqual(browser.cookies.get('__Host-sallyport'), held)
      assert.equal(await userIn(browser), name)
      const [live] = await door.store.sessions.list(name, door.options.now())
      assert.deepEqual(live?.record.authenticationMethods, ['password', 'passkey'])
      assert.equal(reasons(door, 'session.opened').at(-1), 'second_factor')
    })

    test('a program may give one, too, and holds the new token itself', async () => {
      const { name, passkey } = await passkeyUser(door)
      const login = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      const { pending } = login.json() as { pending: string }
      const headers = { authorization: `Bearer ${pending}` }
      const options = (await door.post('/auth/passkey/options', {}, headers)).json() as never
      const answer = await door.post('/auth/passkey', passkey.get(options, originOf(door)), headers)
      const { token, next } = answer.json() as { token: string; next: unknown }
      assert.deepEqual([answer.status, next, answer.headers['set-cookie']], [200, null, undefined])
      const session = await door.ask('/auth/session', { headers: { authorization: `Bearer ${token}` } })
      assert.equal(session.status, 200)
      const dead = await door.post('/auth/passkey/options', {}, headers)
      assert.equal(dead.status, 401, 'a token that is none is not taken for a stranger')
    })

    test('the passkey of somebody else is refused, on record and in the history', async () => {
      const [alice, mallory] = [await passkeyUser(door), await passkeyUser(door)]
      const browser = await withPassword(door, alice.name)
      const options = await asked(browser)
      for (const lies of [
        {},
        { userHandle: undefined },
        { id: Buffer.from(alice.passkey.id, 'base64url') },
      ]) {
        const answer = await browser.post('/auth/passkey', mallory.passkey.get(options, originOf(door), lies))
        assert.deepEqual([answer.status, errorIn(answer)], [401, 'invalid_credentials'])
        const { requestId } = answer.json() as { requestId: string }
        const event = door.events.find(
          (one) => one.event === 'request.refused' && one.requestId === requestId,
        )
        assert.ok(event?.event === 'request.refused' && event.reason === 'second_factor_refused')
      }
      assert.equal(await userIn(browser), undefined)
      const [latest] = await door.store.histories.list(alice.name)
      assert.equal(latest?.event, 'login_failed')
    })

    test('a challenge is good in its own session alone', async () => {
      const { name, passkey } = await passkeyUser(door)
      const [one, other] = [await withPassword(door, name), await withPassword(door, name)]
      const stranger = testBrowser(door)
      const elsewhere = passkey.get(await asked(other), originOf(door))
      const earlier = passkey.get(await asked(stranger), originOf(door))
      assert.equal((await one.post('/auth/passkey', elsewhere)).status, 401)
      assert.equal((await one.post('/auth/passkey', earlier)).status, 401)
      assert.equal((await other.post('/auth/passkey', elsewhere)).status, 200)
    })

    test('there is none to ask for where there is no passkey, and for who has another step to take', async () => {
      const { name } = await door.addUser()
      const browser = await withPassword(door, name)
      const none = await browser.post('/auth/passkey/options', {})
      assert.deepEqual([none.status, errorIn(none)], [409, 'conflict'])
      const { name: reset } = await door.addUser({}, { oneTimeUntil: door.options.now() + 60_000 })
      const pending = await withPassword(door, reset)
      for (const path of ['/auth/passkey/options', '/auth/enrol/passkey/options'])
        assert.equal((await pending.post(path, {})).status, 401, path)
    })

    test('a login whose sessions ended meanwhile stays ended', async () => {
      const { name, passkey } = await passkeyUser(door)
      const browser = await withPassword(door, name)
      const assertion = passkey.get(await asked(browser), originOf(door))
      await door.store.sessions.endAll(name)
      assert.equal((await browser.post('/auth/passkey', assertion)).status, 401)
      assert.equal(await userIn(browser), undefined)
    })

    test('nor does it come back where it ends between two looks at it', async () => {
      const { name, passkey } = await passkeyUser(door)
      const browser = await withPassword(door, name)
      const assertion = passkey.get(await asked(browser), originOf(door))
      const [live] = await door.store.sessions.list(name, door.options.now())
      assert.ok(live !== undefined && live.record.pending === 'second_factor')
      const [, token = ''] = /^s%3A([^.]+)/.exec(browser.cookies.get('__Host-sallyport') ?? '') ?? []
      const rise = {
        assertion,
        site: { rpId: 'localhost', origin: originOf(door) },
        holder: sessionHolder(token),
        caller: { requestId: 'r', address: '127.0.0.1', userAgent: 'test' },
        visitor: { live, lacks: 'second_factor' as const },
      }
      await door.store.sessions.endAll(name)
      const outcome = await riseByPasskey(rise, door.options)
      assert.deepEqual(outcome, { kind: 'refused', reason: 'second_factor_refused' })
      assert.deepEqual((await door.credentialsOf(name)).passkeys[0]?.answered, [])
      assert.deepEqual(await door.store.sessions.list(name, door.options.now()), [])
    })

    test('of 100 posts of one answer one makes a session', async () => {
      const { name, passkey } = await passkeyUser(door)
      const browser = await withPassword(door, name)
      const assertion = passkey.get(await asked(browser), originOf(door))
      const headers = { cookie: browser.cookieHeader(), 'sec-fetch-site': 'same-origin' }
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => door.post('/auth/passkey', assertion, headers)),
      )
      const count = (status: number): number => answers.filter((answer) => answer.status === status).length
      assert.deepEqual([count(200), count(401)], [1, 99])
    })

    test('a passkey proves anew who is there, and the session goes on under a new token', async () => {
      const { name, passkey, browser } = await passkeyUser(door)
      door.advance(10 * 60_000)
      assert.equal((await browser.post('/auth/enrol/passkey/options', {})).status, 403)
      const held = browser.cookies.get('__Host-sallyport')
      const answer = await browser.post('/auth/passkey', passkey.get(await asked(browser), originOf(door)))
      assert.equal(answer.status, 200)
      assert.notEqual(browser.cookies.get('__Host-sallyport'), held)
      assert.equal((await browser.post('/auth/enrol/passkey/options', {})).status, 200)
      assert.equal(reasons(door, 'session.opened').at(-1), 'reauthenticated')
      assert.equal(await userIn(browser), name)
    })

    test('the pages offer a passkey where there is one, and where it can be used', async () => {
      const { name, browser } = await passkeyUser(door)
      const pending = testBrowser(door)
      await pending.get('/login')
      await pending.submit('/auth/login', { username: name, password: PASSWORD })
      assert.match((await pending.get('/second-factor')).body, /data-passkey="get"\s+data-next="\/login"/)
      const byAddress = await pending.get('/second-factor', { host: `127.0.0.1:${door.port}` })
      assert.doesNotMatch(byAddress.body, /data-passkey/)
      const again = await browser.get('/reauthenticate?enrol')
      assert.match(again.body, /data-passkey="get"\s+data-next="\/enrol"/)
    })
  })

test('after five tries a login has to be begun again', async () => {
  const door = await startDoor('sqlite', () => ({ throttle: codesPerSession(5) }))
  try {
    const { name, passkey } = await passkeyUser(door)
    const browser = await withPassword(door, name)
    const wrong = authenticator()
    for (let tries = 0; tries < 5; tries++) {
      const answer = await browser.post('/auth/passkey', wrong.get(await asked(browser), originOf(door)))
      assert.equal(answer.status, 401)
    }
    const good = passkey.get(await asked(browser), originOf(door))
    const stopped = await browser.post('/auth/passkey', good)
    assert.deepEqual([stopped.status, stopped.headers['retry-after']], [429, '7'])
    assert.equal(browser.cookies.has('__Host-sallyport'), false)
    assert.equal(reasons(door, 'session.ended').at(-1), 'too_many_tries')
  } finally {
    await door.close()
  }
})

/** Why sessions began or ended, in order. */
function reasons({ events }: LoginDoor, name: 'session.opened' | 'session.ended'): readonly string[] {
  return events.flatMap((event) => (event.event === name && 'reason' in event ? [event.reason] : []))
}
