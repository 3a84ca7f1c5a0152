import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { visitorHolder } from '../../src/login/form-guard.ts'
import { logInByPasskey } from '../../src/login/passkey-log-in.ts'
import { openStore } from '../../src/store/open.ts'
import { authenticator, type Lies } from '../support/authenticator.ts'
import type { Answer } from '../support/clients.ts'
import { ENGINES, startDoor, testBrowser, type LoginDoor, type TestBrowser } from '../support/login-door.ts'
import { asked, errorIn, originOf, passkeyUser, userIn, type PasskeyUser } from '../support/passkey-user.ts'

const VERIFIED = 4
const PRESENT = 1

for (const engine of ENGINES)
  describe(`a login by passkey alone, on ${engine}`, () => {
    let door: LoginDoor
    let alice: PasskeyUser
    before(async () => {
      door = await startDoor(engine)
      alice = await passkeyUser(door)
    })
    after(() => door.close())

    /** Somebody in a browser of his own, who answers what he is asked. */
    const attempt = async (user: PasskeyUser, lies: Lies = {}): Promise<[Answer, TestBrowser]> => {
      const browser = testBrowser(door)
      const assertion = user.passkey.get(await asked(browser), originOf(door), lies)
      return [await browser.post('/auth/passkey', assertion), browser]
    }
    /** The same browser, without its session. */
    const withoutSession = ({ cookies }: TestBrowser): TestBrowser => {
      const name = '__Host-sallyport-form'
      return testBrowser(door, [[name, cookies.get(name) ?? '']])
    }
    const isRefused = async ([answer, browser]: [Answer, TestBrowser]): Promise<void> => {
      const { requestId, ...said } = answer.json() as Record<string, unknown>
      const message = 'This passkey was not accepted. Please try again.'
      assert.deepEqual([answer.status, said], [401, { error: 'invalid_credentials', message }])
      const onRecord = door.events.find((event) => 'requestId' in event && event.requestId === requestId)
      assert.equal(onRecord !== undefined && 'reason' in onRecord && onRecord.reason, 'invalid_credentials')
      assert.equal(await userIn(browser), undefined)
    }

    test('ASVS 6.3.3: it counts as both factors, no name is typed, and the account tells of it', async () => {
      const [answer, browser] = await attempt(alice)
      assert.equal(answer.status, 200)
      assert.equal(await userIn(browser), alice.name)
      const session = (await browser.get('/auth/session')).json() as Record<string, string>
      assert.ok(Math.abs(Date.parse(session['mfaAt'] ?? '') - door.options.now()) < 5_000)
      const [newest] = await door.store.sessions.list(alice.name, door.options.now())
      assert.deepEqual(newest?.record.authenticationMethods, ['passkey'])
      const [latest] = await door.store.histories.list(alice.name)
      assert.equal(latest?.event, 'login')
      const [passkey] = (await door.credentialsOf(alice.name)).passkeys
      assert.ok(Math.abs((passkey?.lastUsedAt ?? 0) - door.options.now()) < 5_000)
    })

    test('it is enough where a role asks for a second factor', async () => {
      const required = await passkeyUser(door, authenticator(), {
        name: `u-mfa-${randomBytes(4).toString('hex')}`,
      })
      const [answer, browser] = await attempt(required)
      assert.equal((answer.json() as { next: unknown }).next, null)
      assert.equal(await userIn(browser), required.name)
    })

    test('what a stranger is asked names nobody, and asks for verification', async () => {
      const options = await asked(testBrowser(door))
      assert.deepEqual(
        { ...options, challenge: options.challenge.length },
        {
          challenge: 72,
          rpId: 'localhost',
          timeout: 270_000,
          userVerification: 'required',
          allowCredentials: [],
        },
      )
    })

    const ATTACKS: Readonly<Record<string, () => Lies>> = {
      'of a page of another host': () => ({ origin: `https://localhost.example:${door.port}` }),
      'of a page on another port': () => ({ origin: 'https://localhost' }),
      'of a page without TLS': () => ({ origin: `http://localhost:${door.port}` }),
      'for another relying party': () => ({ rpId: 'example.com' }),
      'without verification of the user': () => ({ flags: PRESENT }),
      'without presence of the user': () => ({ flags: VERIFIED }),
      'that was given inside a page of somebody else': () => ({ more: { crossOrigin: true } }),
      'that says it was framed': () => ({ more: { topOrigin: 'https://evil.example' } }),
      'to another kind of request': () => ({ type: 'webauthn.create' }),
      'by another key': () => ({ key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
      'for a challenge that we did not make': () => ({ challenge: randomBytes(54).toString('base64url') }),
      'for an empty challenge': () => ({ challenge: '' }),
      'with a handle of nobody': () => ({ userHandle: randomBytes(32).toString('base64url') }),
      'without a handle': () => ({ userHandle: undefined }),
      'of a passkey that he does not have': () => ({ id: randomBytes(32) }),
    }
    for (const [words, lies] of Object.entries(ATTACKS))
      test(`an answer ${words} is refused`, async () => {
        await isRefused(await attempt(alice, lies()))
        assert.equal((await attempt(alice))[0].status, 200, 'and the honest one is not')
      })

    test('the challenge of another browser is refused, and that of another use', async () => {
      const [his, hers] = [testBrowser(door), testBrowser(door)]
      const assertion = alice.passkey.get(await asked(hers), originOf(door))
      await asked(his)
      await isRefused([await his.post('/auth/passkey', assertion), his])
      const bare = testBrowser(door)
      await isRefused([await bare.post('/auth/passkey', assertion), bare])
      const inSession = alice.passkey.get(await asked(alice.browser), originOf(door))
      await isRefused([await his.post('/auth/passkey', inSession), his])
      assert.equal((await hers.post('/auth/passkey', assertion)).status, 200)
    })

    test('a challenge is good for five minutes', async () => {
      const browser = testBrowser(door)
      const late = alice.passkey.get(await asked(browser), originOf(door))
      const inTime = alice.passkey.get(await asked(browser), originOf(door))
      door.advance(4 * 60_000 + 50_000)
      assert.equal((await browser.post('/auth/passkey', inTime)).status, 200)
      door.advance(15_000)
      const again = withoutSession(browser)
      await isRefused([await again.post('/auth/passkey', late), again])
    })

    test('of 100 posts of one answer one logs in, also on two nodes at once', async () => {
      const user = await passkeyUser(door)
      const browser = testBrowser(door)
      const options = await asked(browser)
      const assertion = user.passkey.get(options, originOf(door))
      const holder = visitorHolder(browser.cookies.get('__Host-sallyport-form') ?? '')
      const site = { rpId: 'localhost', origin: originOf(door) }
      const caller = { requestId: 'r', address: '127.0.0.1', userAgent: 'test' }
      const other = await openStore(door.location, { now: door.options.now, slotOf })
      try {
        const login = { assertion, site, holder, caller }
        const { users, sessions, handles, histories } = other
        const there = { ...door.options, users, sessions, handles, histories }
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, (_, at) => logInByPasskey(login, at % 2 === 0 ? door.options : there)),
        )
        assert.equal(outcomes.filter(({ kind }) => kind === 'opened').length, 1)
        assert.equal(outcomes.filter(({ kind }) => kind === 'refused').length, 99)
      } finally {
        await other.close()
      }
      await isRefused([await browser.post('/auth/passkey', assertion), browser])
    })

    test('an answer stays used however many others follow it', async () => {
      const user = await passkeyUser(door)
      const first = testBrowser(door)
      const assertion = user.passkey.get(await asked(first), originOf(door))
      assert.equal((await first.post('/auth/passkey', assertion)).status, 200)
      for (let login = 0; login < 12; login++) assert.equal((await attempt(user))[0].status, 200)
      const again = withoutSession(first)
      await isRefused([await again.post('/auth/passkey', assertion), again])
      const [passkey] = (await door.credentialsOf(user.name)).passkeys
      assert.equal(passkey?.answered.length, 8)
    })

    test('a signature counter that does not rise is refused, and on record as that', async () => {
      const user = await passkeyUser(door, authenticator('ES256', true))
      assert.equal((await attempt(user, { counter: 40 }))[0].status, 200)
      for (const counter of [40, 39, 1, 0]) {
        await isRefused(await attempt(user, { counter }))
        const event = door.events.findLast(
          (one) => one.event === 'request.refused' && one.reason === 'invalid_credentials',
        )
        assert.ok(event?.event === 'request.refused' && event.detail === 'signature_counter')
      }
      const [event] = await door.store.histories.list(user.name)
      assert.equal(event?.event, 'login_failed', 'its owner is told: there may be a copy of the key')
      assert.equal((await attempt(user, { counter: 41 }))[0].status, 200)
    })

    test('somebody else is never logged in, whatever of his is claimed', async () => {
      const mallory = await passkeyUser(door)
      const [victim, own] = [await door.credentialsOf(alice.name), await door.credentialsOf(mallory.name)]
      const id = Buffer.from(alice.passkey.id, 'base64url')
      await isRefused(await attempt(mallory, { userHandle: victim.userHandle ?? '' }))
      await isRefused(await attempt(mallory, { userHandle: victim.userHandle ?? '', id }))
      await isRefused(await attempt(alice, { userHandle: own.userHandle ?? '' }))
    })

    test('an index that was written by hand leads nowhere', async () => {
      const mallory = await passkeyUser(door)
      const handle = (await door.credentialsOf(mallory.name)).userHandle ?? ''
      await door.store.handles.claim(handle, alice.name)
      if (door.redis !== undefined) {
        const redis = new Redis(door.redis.url)
        assert.equal(await redis.get(`sallyport:handle:${handle}`), alice.name)
        await redis.quit()
      }
      await isRefused(await attempt(mallory))
      const invented = randomBytes(32).toString('base64url')
      await door.store.handles.claim(invented, alice.name)
      await isRefused(await attempt(alice, { userHandle: invented }))
      await isRefused(await attempt(mallory, { userHandle: invented }))
    })

    test('an id that another user registered for himself does not matter', async () => {
      const mallory = await passkeyUser(door)
      const id = Buffer.from(alice.passkey.id, 'base64url')
      const options = (await mallory.browser.post('/auth/enrol/passkey/options', {})).json() as never
      const copied = authenticator()
      const answer = await mallory.browser.post(
        '/auth/enrol/passkey',
        copied.create(options, originOf(door), { id }),
      )
      assert.equal(answer.status, 200)
      assert.equal(await userIn((await attempt(alice))[1]), alice.name)
      assert.equal(await userIn((await attempt({ ...mallory, passkey: copied }, { id }))[1]), mallory.name)
    })

    test('a disabled user, and one who has to set a password first, are refused like everybody', async () => {
      const [disabled, reset] = [await passkeyUser(door), await passkeyUser(door)]
      await door.store.users.setDisabled(disabled.name, true)
      await isRefused(await attempt(disabled))
      const user = await door.store.users.find(reset.name)
      assert.ok(user !== undefined)
      const oneTime = {
        ...(await door.credentialsOf(reset.name)),
        oneTimeUntil: door.options.now() + 3_600_000,
      }
      const credentials = door.options.vault.seal(reset.name, oneTime)
      await door.store.users.update(reset.name, { credentials, endSessions: true }, user.revision)
      await isRefused(await attempt(reset))
    })

    test('what is not exactly an answer is not looked at', async () => {
      const browser = testBrowser(door)
      const good = alice.passkey.get(await asked(browser), originOf(door))
      const bodies: readonly object[] = [
        { ...good, id: 'A'.repeat(1_365) },
        { ...good, clientDataJSON: 'A'.repeat(4_097) },
        { ...good, authenticatorData: 'A'.repeat(4_097) },
        { ...good, signature: 'A'.repeat(2_049) },
        { ...good, userHandle: 'A'.repeat(129) },
        { ...good, id: '' },
        { ...good, id: 'not base64url!' },
        { ...good, signature: 7 },
        { ...good, more: 'fields' },
        { ...good, response: {} },
        { id: good.id },
        [],
      ]
      for (const body of bodies) {
        const answer = await browser.post('/auth/passkey', body)
        assert.deepEqual(
          [answer.status, errorIn(answer)],
          [400, 'bad_request'],
          JSON.stringify(body).slice(0, 80),
        )
      }
      const doubled = JSON.stringify(good).replace('{', `{"id":"${good.id}",`)
      const raw = await door.ask('/auth/passkey', {
        method: 'POST',
        body: doubled,
        headers: { 'content-type': 'application/json', cookie: browser.cookieHeader() },
      })
      assert.equal(raw.status, 400)
      const form = await browser.submit('/auth/passkey', { id: good.id, signature: good.signature })
      assert.equal(form.status, 400, 'and a form is none')
      const huge = await browser.post('/auth/passkey', { ...good, id: 'A'.repeat(20_000) })
      assert.equal(huge.status, 413)
      assert.equal((await browser.post('/auth/passkey', good)).status, 200)
    })

    test('bytes that mean nothing are a refusal, and no fault of ours', async () => {
      const browser = testBrowser(door)
      const faults = door.faults.length
      const good = alice.passkey.get(await asked(browser), originOf(door))
      const nested = Buffer.from('['.repeat(3_000)).toString('base64url')
      for (const garbage of ['AA', randomBytes(400).toString('base64url'), nested]) {
        await isRefused([await browser.post('/auth/passkey', { ...good, clientDataJSON: garbage }), browser])
        await isRefused([
          await browser.post('/auth/passkey', { ...good, authenticatorData: garbage }),
          browser,
        ])
        await isRefused([
          await browser.post('/auth/passkey', { ...good, signature: garbage.slice(0, 600) }),
          browser,
        ])
      }
      assert.equal(door.faults.length, faults)
    })

    test('an address has no passkeys', async () => {
      const browser = testBrowser(door)
      for (const host of [`127.0.0.1:${door.port}`, `[::1]:${door.port}`, '2130706433', '0x7f.1']) {
        const answer = await browser.post('/auth/passkey/options', {}, { host })
        assert.deepEqual([answer.status, errorIn(answer)], [409, 'conflict'], host)
      }
      const page = await browser.get('/login', { host: `127.0.0.1:${door.port}` })
      assert.match(page.body, /Passkeys need a host name/)
      assert.doesNotMatch(page.body, /data-passkey/)
    })

    test('another site cannot have it done', async () => {
      const browser = testBrowser(door)
      const good = alice.passkey.get(await asked(browser), originOf(door))
      const answer = await browser.post('/auth/passkey', good, { 'sec-fetch-site': 'cross-site' })
      assert.deepEqual([answer.status, errorIn(answer)], [403, 'origin_not_allowed'])
      assert.equal((await browser.post('/auth/passkey', good)).status, 200)
    })

    test('nobody is let in whose login cannot be recorded', async () => {
      const browser = testBrowser(door)
      const good = alice.passkey.get(await asked(browser), originOf(door))
      door.failAudit(true)
      const answer = await browser.post('/auth/passkey', good)
      door.failAudit(false)
      assert.equal(answer.status, 503)
      assert.equal(await userIn(browser), undefined)
    })

    test('a flood of beginnings stores nothing', async () => {
      const earlier = await kept(door)
      for (let at = 0; at < 50; at++) await asked(testBrowser(door))
      assert.deepEqual(await kept(door), earlier)
    })
  })

describe('the throttle of logins by passkey', () => {
  test('counts by address, before anything is checked, and tells the account that it was good', async () => {
    const seen: unknown[] = []
    let isOpen = true
    const door = await startDoor('sqlite', () => ({
      throttle: {
        login: async ({ user, caller }) => {
          seen.push(['login', user, caller.address])
          return isOpen ? { kind: 'go' } : { kind: 'wait', seconds: 9 }
        },
        loggedIn: async (_attempt, user) => {
          seen.push(['loggedIn', user])
          return { kind: 'go' }
        },
        code: async () => ({ kind: 'go' }),
        codeWasGood: async () => undefined,
        codeWasNoGuess: async () => undefined,
        begin: async () => ({ kind: 'go' }),
      },
    }))
    try {
      const user = await passkeyUser(door)
      seen.splice(0)
      const browser = testBrowser(door)
      const good = user.passkey.get(await asked(browser), originOf(door))
      assert.deepEqual(seen, [], 'a beginning costs nothing')
      isOpen = false
      const waits = await browser.post('/auth/passkey', good)
      assert.deepEqual([waits.status, waits.headers['retry-after']], [429, '9'])
      isOpen = true
      assert.equal((await browser.post('/auth/passkey', good)).status, 200)
      const login = ['login', undefined, '127.0.0.1']
      assert.deepEqual(seen, [login, login, ['loggedIn', user.name]])
    } finally {
      await door.close()
    }
  })

  test('a store that does not answer lets nobody in', async () => {
    const door = await startDoor('redis')
    try {
      const user = await passkeyUser(door)
      const browser = testBrowser(door)
      const good = user.passkey.get(await asked(browser), originOf(door))
      await door.redis?.stop()
      assert.equal((await browser.post('/auth/passkey', good)).status, 503)
    } finally {
      await door.close()
    }
  })
})

/** How much is stored, by the kind of it. */
async function kept(door: LoginDoor): Promise<unknown> {
  if (door.redis !== undefined) {
    const redis = new Redis(door.redis.url)
    const size = await redis.dbsize()
    await redis.quit()
    return size
  }
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(door.location.slice('sqlite:'.length), { readOnly: true })
  const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all()
  const counts = tables.map(({ name }) => database.prepare(`SELECT count(*) FROM "${String(name)}"`).get())
  database.close()
  return counts
}
