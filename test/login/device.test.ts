import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { SessionChanged } from '../../src/audit/event.ts'
import { digestOf, slotOf } from '../../src/auth/session-token.ts'
import { deviceDigestOf } from '../../src/login/device-code.ts'
import { ask } from '../support/clients.ts'
import { deviceStore } from '../support/device-store.ts'
import { answerDevice, askedDevice, browserWith, polledDevice, signedIn } from '../support/device.ts'
import { ABSOLUTE, ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'

const TOTP = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 0, addedAt: 1_000 }
const TEN_MINUTES = 600_000

for (const engine of ENGINES)
  describe(`logging in a device, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const sessionOf = async (token: string) =>
      door.ask('/auth/session', { headers: { authorization: `Bearer ${token}` } })
    const recordOf = async (user: string, token: string) => {
      const live = await door.store.sessions.validate(digestOf(token), slotOf(user), door.options.now())
      assert.ok(live)
      return live.record
    }

    test('ASVS 6.5.3, 6.5.4, 6.5.5: the codes are random, and good for ten minutes at most', async () => {
      const asked = await askedDevice(door)
      assert.match(asked.deviceCode, /^spd_[\w-]{43}$/)
      assert.match(asked.userCode, /^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/)
      assert.deepEqual([asked.expiresIn, asked.interval], [600, 5])
      const uri = `https://localhost:${door.port}/device`
      assert.deepEqual(
        [asked.verificationUri, asked.verificationUriComplete],
        [uri, `${uri}?code=${asked.userCode}`],
      )
      const others = await Promise.all([askedDevice(door), askedDevice(door)])
      assert.equal(new Set([asked, ...others].map(({ userCode }) => userCode)).size, 3)
    })

    test('a device that was approved gets a session, once', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const { userCode, deviceCode } = await askedDevice(door, 'laptop <b>of</b> alice')
      assert.deepEqual((await polledDevice(door, deviceCode)).error, 'authorization_pending')
      const shown = await answerDevice(browser, userCode)
      assert.equal(shown.status, 200)
      assert.match(shown.body, /laptop &lt;b&gt;of&lt;\/b&gt; alice/)
      assert.match(shown.body, /<dd>127\.0\.0\.1<\/dd>/)
      assert.match(shown.body, new RegExp(userCode))
      const approved = await browser.submit('/auth/device/approve', { decision: 'approve' })
      assert.match(approved.body, /Terminal approved/)
      const released = await polledDevice(door, deviceCode)
      assert.equal(released.status, 200)
      const { status, json } = await sessionOf(released.token ?? '')
      assert.equal(status, 200)
      assert.equal((json() as { user: { name: string } }).user.name, name)
      const { error, token } = await polledDevice(door, deviceCode)
      assert.deepEqual([error, token], ['expired_token', undefined])
    })

    test('the session is that of the device, and rests on what was proved by who approved', async () => {
      const { name } = await door.addUser({}, { totp: TOTP })
      const now = door.options.now()
      const proved = { authenticatedAt: now - 3_000, mfaAt: now - 2_000 }
      const { browser, opened } = await browserWith(door, name, {
        ...proved,
        authenticationMethods: ['password', 'totp'],
        endsBy: now + 3_600_000,
      })
      const { userCode, deviceCode } = await askedDevice(door, 'laptop')
      await answerDevice(browser, userCode, 'approve')
      const { token = '' } = await polledDevice(door, deviceCode)
      const record = await recordOf(name, token)
      const { label, address, userAgent, authenticatedAt, mfaAt, authenticationMethods, expiresAt } = record
      assert.deepEqual(
        { label, address, userAgent, authenticatedAt, mfaAt, authenticationMethods, expiresAt },
        {
          label: 'terminal',
          address: '127.0.0.1',
          userAgent: 'laptop',
          ...proved,
          authenticationMethods: ['password', 'totp'],
          expiresAt: opened.record.expiresAt,
        },
      )
      assert.equal(record.pending, null)
      const event = door.events.findLast((one): one is SessionChanged => one.event === 'session.opened')
      assert.deepEqual([event?.reason, event?.principal], ['device', `user:${name}`])
      const [latest] = await door.store.histories.list(name)
      assert.equal(latest?.event, 'device_approved')
    })

    test('ASVS 6.5.1: of 100 polls at the same time one gets the token', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const { userCode, deviceCode } = await askedDevice(door)
      await answerDevice(browser, userCode, 'approve')
      const polls = await Promise.all(Array.from({ length: 100 }, () => polledDevice(door, deviceCode)))
      assert.equal(polls.filter(({ token }) => token !== undefined).length, 1)
      assert.equal(polls.filter(({ error }) => error === 'expired_token').length, 99)
    })

    test('a device that was denied is told so once, and is not known afterwards', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const { userCode, deviceCode } = await askedDevice(door)
      assert.match((await answerDevice(browser, userCode, 'deny')).body, /Terminal denied/)
      assert.equal((await polledDevice(door, deviceCode)).error, 'access_denied')
      assert.equal((await polledDevice(door, deviceCode)).error, 'expired_token')
      const sessions = await door.store.sessions.list(name, door.options.now())
      assert.deepEqual(
        sessions.map(({ record }) => record.label),
        ['browser'],
      )
    })

    test('a code is answered once: what was denied cannot be approved, nor the other way round', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      for (const [first, second, error] of [
        ['deny', 'approve', 'access_denied'],
        ['approve', 'deny', undefined],
      ] as const) {
        const { userCode, deviceCode } = await askedDevice(door)
        await answerDevice(browser, userCode, first)
        const again = await answerDevice(browser, userCode, second)
        assert.equal(again.status, 409)
        assert.match(again.body, /answered already/)
        assert.equal((await polledDevice(door, deviceCode)).error, error)
      }
    })

    test('whoever polls too fast is told to slow down (RFC 8628, 3.5)', async () => {
      const { deviceCode } = await askedDevice(door)
      const errorOf = async () => (await polledDevice(door, deviceCode)).error
      assert.equal(await errorOf(), 'authorization_pending')
      assert.equal(await errorOf(), 'slow_down')
      door.advance(5_000)
      assert.equal(await errorOf(), 'slow_down')
      door.advance(15_000)
      assert.equal(await errorOf(), 'authorization_pending')
    })

    test('ASVS 6.5.5: past ten minutes nothing is approved, and what was approved is not fetched', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const [late, fetchedLate] = [await askedDevice(door), await askedDevice(door)]
      await answerDevice(browser, fetchedLate.userCode, 'approve')
      door.advance(TEN_MINUTES)
      assert.equal((await answerDevice(browser, late.userCode, 'approve')).status, 409)
      assert.equal((await polledDevice(door, late.deviceCode)).error, 'expired_token')
      assert.equal((await polledDevice(door, fetchedLate.deviceCode)).error, 'expired_token')
    })

    test('a code that was typed in small letters and other groups is the same', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const { userCode } = await askedDevice(door)
      const typed = userCode.toLowerCase().replace('-', ' ').replace(/^(..)/, '$1-')
      assert.match((await answerDevice(browser, typed)).body, /Is this your terminal/)
      assert.equal((await answerDevice(browser, 'ABCD-EFGH')).status, 400)
      assert.equal((await answerDevice(browser, 'x'.repeat(65))).status, 400)
    })

    test('who is not logged in logs in first and then comes back, with the code filled in', async () => {
      const { name } = await door.addUser()
      const { userCode } = await askedDevice(door)
      const browser = testBrowser(door)
      const sent = await browser.get(`/device?code=${userCode}`, { 'sec-fetch-site': 'cross-site' })
      assert.deepEqual([sent.status, sent.headers.location], [303, '/login'])
      await browser.get('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      const back = await browser.get('/account')
      const location = `/device?code=${userCode}`
      assert.deepEqual([back.status, back.headers.location], [303, location])
      const page = await browser.get(location)
      assert.match(page.body, new RegExp(`value="${userCode}"`))
      assert.equal((await browser.get('/account')).status, 200)
    })

    test('ASVS 7.6.2: a link with a code approves nothing', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const { userCode, deviceCode } = await askedDevice(door)
      const page = await browser.get(`/device?code=${userCode}&decision=approve`)
      assert.equal(page.status, 200)
      assert.equal((await polledDevice(door, deviceCode)).error, 'authorization_pending')
    })

    test('what stands in the address is a code or nothing', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      for (const query of [
        '?code=%22%3E%3Cscript%3E',
        `?code=${'B'.repeat(5000)}`,
        '?code',
        '?',
        '?code=%ff',
      ])
        assert.match((await browser.get(`/device${query}`)).body, /id="code"[^>]*value=""/)
    })

    describe('approves nothing', () => {
      test('for a session that lacks its second factor', async () => {
        const { name } = await door.addUser({}, { totp: TOTP })
        const browser = await signedIn(door, name)
        const { userCode, deviceCode } = await askedDevice(door)
        assert.equal((await browser.get('/device')).headers.location, '/second-factor')
        const answer = await browser.submit('/auth/device/approve', { code: userCode, decision: 'approve' })
        assert.deepEqual([answer.status, answer.headers.location], [303, '/second-factor'])
        assert.equal((await polledDevice(door, deviceCode)).error, 'authorization_pending')
      })

      test('for a session from before its user had a second factor', async () => {
        const { name } = await door.addUser({}, { totp: TOTP })
        const { browser } = await browserWith(door, name)
        const { userCode, deviceCode } = await askedDevice(door)
        const answer = await browser.submit('/auth/device/approve', { code: userCode, decision: 'approve' })
        assert.deepEqual([answer.status, answer.headers.location], [303, '/reauthenticate?account'])
        assert.equal((await polledDevice(door, deviceCode)).error, 'authorization_pending')
      })

      test('for a user whose role wants a second factor that he does not have', async () => {
        const { name } = await door.addUser({ name: `u-mfa-${engine}` })
        const { browser } = await browserWith(door, name)
        assert.equal((await browser.get('/device')).headers.location, '/enrol')
      })

      test('without the token of a form of this very session', async () => {
        const [{ name }, mallory] = [await door.addUser(), await door.addUser()]
        const browser = await signedIn(door, name)
        const other = await signedIn(door, mallory.name)
        const { userCode, deviceCode } = await askedDevice(door)
        const foreign = /name="csrf" value="([^"]+)"/.exec((await other.get('/device')).body)?.[1] ?? ''
        for (const csrf of ['', 'x', foreign]) {
          const fields = { code: userCode, decision: 'approve', csrf }
          assert.equal((await browser.submit('/auth/device/approve', fields)).status, 403)
        }
        assert.equal((await polledDevice(door, deviceCode)).error, 'authorization_pending')
      })

      test('from another site, as JSON, or by a bearer token', async () => {
        const { name } = await door.addUser()
        const browser = await signedIn(door, name)
        const { userCode, deviceCode } = await askedDevice(door)
        await browser.get('/device')
        const fields = { code: userCode, decision: 'approve' }
        for (const site of ['cross-site', 'same-site']) {
          const headers = { 'sec-fetch-site': site }
          assert.equal((await browser.submit('/auth/device/approve', fields, headers)).status, 403)
        }
        assert.equal((await browser.post('/auth/device/approve', fields)).status, 415)
        const token = (await browserWith(door, name)).opened.token
        const bearer = {
          authorization: `Bearer ${token}`,
          'content-type': 'application/x-www-form-urlencoded',
        }
        const body = new URLSearchParams({ ...fields, csrf: 'x' }).toString()
        const byBearer = await door.ask('/auth/device/approve', { method: 'POST', headers: bearer, body })
        assert.deepEqual([byBearer.status, byBearer.headers.location], [303, '/login'])
        assert.equal((await polledDevice(door, deviceCode)).error, 'authorization_pending')
      })
    })

    describe('releases no token', () => {
      const approved = async (fields: { name?: string } = {}) => {
        const { name } = await door.addUser(fields)
        const { browser, opened } = await browserWith(door, name)
        const { userCode, deviceCode } = await askedDevice(door)
        assert.match((await answerDevice(browser, userCode, 'approve')).body, /Terminal approved/)
        return { name, browser, opened, deviceCode }
      }
      const isRefused = async (deviceCode: string, name: string, left = 0) => {
        const { error, token } = await polledDevice(door, deviceCode)
        assert.deepEqual([error, token], ['access_denied', undefined])
        const sessions = await door.store.sessions.list(name, door.options.now())
        assert.equal(sessions.length, left)
        const opened = door.events.filter((one) => one.event === 'session.opened' && one.reason === 'device')
        assert.ok(!opened.some((one) => 'principal' in one && one.principal === `user:${name}`))
        assert.equal((await polledDevice(door, deviceCode)).error, 'expired_token')
      }

      test('ASVS 7.4.2: after the user was disabled, also if he was enabled again', async () => {
        const [one, two] = [await approved(), await approved()]
        await door.store.users.setDisabled(one.name, true)
        await isRefused(one.deviceCode, one.name)
        await door.store.users.setDisabled(two.name, true)
        await door.store.users.setDisabled(two.name, false)
        await isRefused(two.deviceCode, two.name)
      })

      test('ASVS 7.4.1: after all sessions of the user ended, or the one in which it was approved', async () => {
        const [one, two] = [await approved(), await approved()]
        await door.store.sessions.endAll(one.name)
        await isRefused(one.deviceCode, one.name)
        await door.store.sessions.end(two.opened.record.digest, slotOf(two.name))
        await isRefused(two.deviceCode, two.name)
      })

      test('after the user got a second factor that was not proved', async () => {
        const { name, deviceCode } = await approved()
        const credentials = { ...(await door.credentialsOf(name)), totp: TOTP }
        const change = { credentials: door.options.vault.seal(name, credentials), endSessions: false }
        assert.equal(await door.store.users.update(name, change, 0), true)
        await isRefused(deviceCode, name, 1)
      })

      test('that cannot be recorded', async () => {
        const { name, deviceCode } = await approved()
        door.failAudit(true)
        const { status } = await polledDevice(door, deviceCode)
        door.failAudit(false)
        assert.equal(status, 503)
        assert.equal((await polledDevice(door, deviceCode)).error, 'expired_token')
        assert.equal((await door.store.sessions.list(name, door.options.now())).length, 1)
      })

      test('ASVS 6.6.2: for the approval of another request, or whatever somebody wrote into the store', async () => {
        const { name } = await door.addUser()
        const { browser } = await browserWith(door, name)
        const [mine, victims] = [await askedDevice(door), await askedDevice(door)]
        await answerDevice(browser, victims.userCode, 'approve')
        // The approval of another device, put in the place of an answer to this one.
        const kept = deviceStore(door)
        const stolen = await kept.answerOf(victims.deviceCode)
        for (const forged of [stolen, '{"user":"admin"}', 'approved', `${stolen}x`]) {
          const { deviceCode } = await askedDevice(door)
          await kept.write(deviceCode, 'answer', forged)
          assert.equal((await polledDevice(door, deviceCode)).error, 'access_denied', forged)
        }
        assert.equal((await polledDevice(door, mine.deviceCode)).error, 'authorization_pending')
      })
    })

    test('what calls itself by anything is shown as it is, in 64 plain characters', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const client = `"><script>alert(1)</script>\u202Eevil\u0000\n\u001B[2J${'x'.repeat(80)}`.slice(0, 128)
      const { userCode, deviceCode } = await askedDevice(door, client)
      const { body } = await answerDevice(browser, userCode)
      assert.ok(body.includes('<dd>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;?evil???[2Jxxx'))
      for (const trick of ['<script>', '\u202E', '\u0000', '\u001B']) assert.ok(!body.includes(trick), trick)
      await browser.submit('/auth/device/approve', { decision: 'approve' })
      const { token = '' } = await polledDevice(door, deviceCode)
      const { userAgent } = await recordOf(name, token)
      assert.match(userAgent, /^[\x20-\x7e]{64}$/)
      for (const wrong of ['', 'x'.repeat(129), 7, null, undefined])
        assert.equal((await door.post('/auth/device', { client: wrong })).status, 400)
      assert.equal((await door.post('/auth/device', { client: 'x', more: 1 })).status, 400)
    })

    test('what is no device code is over, whatever it is', async () => {
      for (const code of ['x', 'spd_', `spd_${'A'.repeat(43)}`, `sps_0000_${'A'.repeat(43)}`])
        assert.equal((await polledDevice(door, code)).error, 'expired_token')
      assert.equal((await door.post('/auth/device/token', { deviceCode: 'x'.repeat(129) })).status, 400)
      assert.equal((await door.post('/auth/device/token', {})).status, 400)
    })

    test('ASVS 6.5.2: neither code is in the store', async () => {
      const { deviceCode, userCode } = await askedDevice(door)
      const kept = await deviceStore(door).everything()
      assert.ok(kept.includes(deviceDigestOf(deviceCode) ?? 'none'))
      for (const secret of [deviceCode, deviceCode.slice(4), userCode, userCode.replace('-', '')])
        assert.ok(!kept.includes(secret))
    })
  })

for (const engine of ENGINES)
  describe(`strangers and device logins, on ${engine}`, () => {
    test('one network fills its share, and no other notices', async (t) => {
      const door = await startDoor(engine)
      t.after(() => door.close())
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      const first = await askedDevice(door)
      const flood = await Promise.all(
        Array.from({ length: 60 }, () => door.post('/auth/device', { client: 'flood' })),
      )
      assert.equal(flood.filter(({ status }) => status === 200).length, 19)
      const refused = flood.filter(({ status }) => status === 429)
      assert.equal(refused.length, 41)
      assert.equal(refused[0]?.headers['retry-after'], '60')
      const elsewhere = await ask({
        port: door.port,
        ca: door.ca,
        path: '/auth/device',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client: 'elsewhere' }),
        localAddress: '127.0.0.2',
      })
      assert.equal(elsewhere.status, 200)
      await answerDevice(browser, first.userCode, 'approve')
      assert.equal((await polledDevice(door, first.deviceCode)).status, 200)
      assert.equal((await door.post('/auth/device', { client: 'free again' })).status, 200)
      door.advance(TEN_MINUTES)
      assert.equal((await door.post('/auth/device', { client: 'and again' })).status, 200)
    })

    test('no token is released when the session that approved it ends in that very moment', async (t) => {
      let inThatMoment = async (): Promise<unknown> => undefined
      const door = await startDoor(engine, ({ sessions }) => ({
        sessions: {
          ...sessions,
          async open(...opening) {
            const ended = await sessions.open(...opening)
            if (opening[0].label === 'terminal') await inThatMoment()
            return ended
          },
        },
      }))
      t.after(() => door.close())
      const { name } = await door.addUser()
      const { browser, opened } = await browserWith(door, name)
      const { userCode, deviceCode } = await askedDevice(door)
      await answerDevice(browser, userCode, 'approve')
      inThatMoment = () => door.store.sessions.end(opened.record.digest, slotOf(name))
      const { error, token } = await polledDevice(door, deviceCode)
      assert.deepEqual([error, token], ['access_denied', undefined])
      assert.deepEqual(await door.store.sessions.list(name, door.options.now()), [])
    })

    test('where it is turned off there is nothing', async (t) => {
      const door = await startDoor(engine, () => ({ deviceLogin: false }))
      t.after(() => door.close())
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      assert.equal((await browser.get('/device')).status, 404)
      assert.equal((await browser.submit('/auth/device/approve', { code: 'x' })).status, 404)
      assert.equal((await door.post('/auth/device', { client: 'x' })).status, 404)
      assert.equal((await door.post('/auth/device/token', { deviceCode: 'x' })).status, 404)
    })

    test('ASVS 7.3.2: the session of a device ends with the login that it rests on', async (t) => {
      const door = await startDoor(engine)
      t.after(() => door.close())
      const { name } = await door.addUser()
      const browser = await signedIn(door, name)
      door.advance(1_000)
      const { userCode, deviceCode } = await askedDevice(door)
      await answerDevice(browser, userCode, 'approve')
      const { token = '' } = await polledDevice(door, deviceCode)
      const live = await door.store.sessions.validate(digestOf(token), slotOf(name), door.options.now())
      const { expiresAt = 0, authenticatedAt = 0 } = live?.record ?? {}
      assert.equal(expiresAt - authenticatedAt, ABSOLUTE)
      assert.ok(door.options.now() - authenticatedAt >= 1_000)
    })
  })
