import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { removeTotp } from '../../src/login/remove-factors.ts'
import type { Answer } from '../support/clients.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'

const PASSKEY = {
  id: 'AAAA',
  publicKey: 'AAAA',
  counter: 0,
  transports: [],
  label: 'key',
  addedAt: 0,
  lastUsedAt: null,
  answered: [],
}

for (const engine of ENGINES)
  describe(`changing second factors, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const post = (path: string, token: string, body: object = {}): Promise<Answer> =>
      door.post(path, body, bearer(token))
    const isLive = async (token: string): Promise<boolean> =>
      (await door.ask('/auth/session', { headers: bearer(token) })).status === 200
    const errorOf = (answer: Answer): unknown => (answer.json() as { error: unknown }).error

    test('ASVS 6.5.6: an authenticator app is removed, and the recovery codes with the last factor', async () => {
      const user = await factorUser(door)
      const [token, other] = [await user.token(), await user.token()]
      const known = door.events.length
      const answer = await post('/auth/remove/totp', token)
      assert.equal(answer.status, 200)
      const { token: rotated = '', next } = answer.json() as Record<string, string>
      assert.equal(next, null)
      assert.deepEqual(
        [await isLive(token), await isLive(other), await isLive(rotated)],
        [false, false, true],
      )
      const { totp, recoveryCodes } = await door.credentialsOf(user.name)
      assert.deepEqual([totp, recoveryCodes], [null, []])
      const factors = door.events.slice(known).flatMap((event) => ('factor' in event ? [event.factor] : []))
      assert.deepEqual(factors, ['totp', 'recovery_codes'])
      const [live] = await door.store.sessions.list(user.name, door.options.now())
      assert.equal(live?.record.mfaAt, null, 'nothing is proved by a factor that is gone')
      const login = await door.post('/auth/login', { username: user.name, password: PASSWORD, token: true })
      assert.equal((login.json() as { next: unknown }).next, null)
      const again = await post('/auth/remove/totp', rotated)
      assert.deepEqual([again.status, errorOf(again)], [409, 'conflict'])
      assert.equal(
        (await door.store.histories.list(user.name)).filter(({ event }) => event === 'totp_removed').length,
        1,
      )
    })

    test('recovery codes stay with a factor that stays', async () => {
      const user = await factorUser(door, { passkeys: [PASSKEY] })
      const token = await user.token()
      const answer = await post('/auth/remove/totp', token)
      assert.equal(answer.status, 200)
      const left = await door.credentialsOf(user.name)
      assert.deepEqual([left.totp, left.recoveryCodes.length, left.passkeys.length], [null, 9, 1])
      const [live] = await door.store.sessions.list(user.name, door.options.now())
      assert.notEqual(live?.record.mfaAt, null)
    })

    test('who has a role that asks for a factor can do nothing but enrol once it is removed', async () => {
      const user = await factorUser(door, {}, { name: `u-mfa-${engine}-x` })
      const answer = await post('/auth/remove/totp', await user.token())
      const { next, pending = '' } = answer.json() as Record<string, string>
      assert.equal(next, 'enrol')
      assert.equal(await isLive(pending), false)
      assert.equal((await post('/auth/enrol/totp', pending)).status, 200)
    })

    test('ASVS 6.5.6: recovery codes are made anew all together, and the old ones are worth nothing', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      const answer = await post('/auth/recovery-codes', token)
      assert.equal(answer.status, 200)
      const { recoveryCodes, token: rotated } = answer.json() as { recoveryCodes: string[]; token: string }
      assert.equal(new Set(recoveryCodes).size, 10)
      assert.deepEqual([await isLive(token), await isLive(rotated)], [false, true])
      const give = async (code: string | undefined): Promise<number> =>
        (await post('/auth/factor', await user.pending(), { code })).status
      assert.equal(await give(user.recoveryCodes[0]), 401)
      assert.equal(await give(recoveryCodes[0]), 200)
    })

    test('there are no recovery codes without a second factor', async () => {
      const { name } = await door.addUser()
      const login = await door.post('/auth/login', { username: name, password: PASSWORD, token: true })
      const { token } = login.json() as { token: string }
      const answer = await post('/auth/recovery-codes', token)
      assert.deepEqual([answer.status, errorOf(answer)], [409, 'conflict'])
    })

    test('ASVS 7.5.1: nothing is removed or made anew without a fresh authentication', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      door.advance(5 * 60_000 + 1)
      for (const path of ['/auth/remove/totp', '/auth/recovery-codes']) {
        const answer = await post(path, token)
        assert.deepEqual([answer.status, errorOf(answer)], [403, 'reauthentication_required'])
      }
      const { totp, recoveryCodes } = await door.credentialsOf(user.name)
      assert.deepEqual([totp === null, recoveryCodes.length], [false, 9])
      const fresh = await post('/auth/reauthenticate', token, { password: PASSWORD, code: user.code() })
      const { token: rotated } = fresh.json() as { token: string }
      assert.equal((await post('/auth/remove/totp', rotated)).status, 200)
    })

    test('of ten removals at the same time one counts, and what cannot be recorded does not happen', async () => {
      const user = await factorUser(door)
      const token = await user.token()
      door.failAudit(true)
      const unrecorded = await post('/auth/remove/totp', token).finally(() => door.failAudit(false))
      assert.equal(unrecorded.status, 503)
      assert.notEqual((await door.credentialsOf(user.name)).totp, null)
      const answers = await Promise.all(Array.from({ length: 10 }, () => post('/auth/remove/totp', token)))
      assert.equal(answers.filter(({ status }) => status === 200).length, 1)
      assert.equal((await door.store.users.find(user.name))?.epoch, 1)
    })

    test('a session that ended while a change was on its way changes nothing', async () => {
      const user = await factorUser(door)
      await user.token()
      const [live] = await door.store.sessions.list(user.name, door.options.now())
      assert.ok(live)
      await door.store.sessions.endAll(user.name)
      const caller = { requestId: '', address: '127.0.0.1', userAgent: '' }
      const outcome = await removeTotp(live.record, caller, door.options)
      assert.deepEqual(outcome, { kind: 'refused', reason: 'session_invalid' })
      assert.notEqual((await door.credentialsOf(user.name)).totp, null)
    })

    test('a browser does it by forms, after it has proved itself', async () => {
      const user = await factorUser(door)
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: user.name, password: PASSWORD })
      await browser.get('/second-factor')
      await browser.submit('/auth/factor', { code: user.recoveryCodes[0] ?? '' })
      door.advance(5 * 60_000 + 1)
      assert.match((await browser.get('/account')).body, /9 of 10 left/)
      const away = await browser.submit('/auth/remove/totp', {})
      assert.equal(away.headers.location, '/reauthenticate?account')
      await browser.get('/recovery-codes')
      assert.equal(
        (await browser.submit('/auth/recovery-codes', {})).headers.location,
        '/reauthenticate?recovery-codes',
      )
      await browser.get('/reauthenticate?recovery-codes')
      const back = await browser.submit('/auth/reauthenticate', { password: PASSWORD, code: user.code() })
      assert.equal(back.headers.location, '/recovery-codes')
      assert.match((await browser.get('/recovery-codes')).body, /9 recovery codes are left/)
      const made = await browser.submit('/auth/recovery-codes', {})
      assert.equal((made.body.match(/<li><code>/g) ?? []).length, 10)
      await browser.get('/account')
      const removed = await browser.submit('/auth/remove/totp', {})
      assert.deepEqual([removed.status, removed.headers.location], [303, '/account'])
      assert.match((await browser.get('/account')).body, /There is none yet/)
      assert.equal((await browser.get('/recovery-codes')).headers.location, '/account')
      const forged = await browser.submit('/auth/remove/totp', { csrf: 'nothing' })
      assert.equal(forged.status, 403)
    })
  })
