import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { enrolPasskey } from '../../src/login/enrol-passkey.ts'
import { newChallenge } from '../../src/login/passkey-challenge.ts'
import { creationOptions } from '../../src/login/passkey-options.ts'
import { certifiedStatement } from '../support/attestation-certificate.ts'
import { provedSession } from '../support/proved-session.ts'
import { authenticator, type Lies, type PasskeyAlgorithm } from '../support/authenticator.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'
import {
  asked,
  askedToMake,
  errorIn,
  originOf,
  passkeyUser,
  userIn,
  withPassword,
} from '../support/passkey-user.ts'

/** A statement that a maker of authenticators would sign, which the library takes. */
let certified: NonNullable<Lies['statement']>
before(async () => {
  certified = await certifiedStatement()
})

for (const engine of ENGINES)
  describe(`adding and removing passkeys, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    test('asks for a discoverable, verifying one, and for no attestation', async () => {
      const { name, browser, passkey } = await passkeyUser(door)
      const options = await askedToMake(browser)
      const { userHandle } = await door.credentialsOf(name)
      assert.equal(Buffer.from(userHandle ?? '', 'base64url').length, 32)
      assert.deepEqual(options, {
        challenge: options.challenge,
        rp: { id: 'localhost', name: 'Sallyport' },
        user: { id: userHandle, name, displayName: name },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
        timeout: 270_000,
        attestation: 'none',
        authenticatorSelection: {
          residentKey: 'required',
          requireResidentKey: true,
          userVerification: 'required',
        },
        excludeCredentials: [{ type: 'public-key', id: passkey.id, transports: ['internal', 'hybrid'] }],
      })
    })

    test('ASVS 7.4.3: rotates the session and ends the others, on record and in the history', async () => {
      const { name } = await door.addUser()
      const [browser, other] = [await withPassword(door, name), await withPassword(door, name)]
      const held = browser.cookies.get('__Host-sallyport')
      const fields = {
        ...authenticator().create(await askedToMake(browser), originOf(door)),
        label: '  blue\n key ',
      }
      const answer = await browser.post('/auth/enrol/passkey', fields)
      assert.equal(answer.status, 200, answer.body)
      const { next, recoveryCodes } = answer.json() as { next: unknown; recoveryCodes: string[] }
      assert.deepEqual([next, recoveryCodes.length], [null, 10])
      assert.notEqual(browser.cookies.get('__Host-sallyport'), held)
      assert.deepEqual([await userIn(browser), await userIn(other)], [name, undefined])
      const { passkeys } = await door.credentialsOf(name)
      assert.deepEqual(
        passkeys.map(({ label, transports, lastUsedAt }) => [label, transports, lastUsedAt]),
        [['blue key', ['internal', 'hybrid'], null]],
      )
      const [live] = await door.store.sessions.list(name, door.options.now())
      assert.ok(live?.record.mfaAt !== null)
      const told = new Set((await door.store.histories.list(name)).map(({ event }) => event))
      assert.ok(told.has('passkey_added') && told.has('recovery_codes_made'))
      const added = door.events.filter(
        (event) => event.event === 'factor.added' && event.principal === `user:${name}`,
      )
      assert.deepEqual(
        added.map((event) => 'factor' in event && event.factor),
        ['passkey', 'recovery_codes'],
      )
      assert.ok(door.announced.some((ended) => ended.kind === 'user' && ended.user === name))
    })

    for (const algorithm of ['ES256', 'EdDSA', 'RS256'] satisfies PasskeyAlgorithm[])
      test(`takes keys for ${algorithm}, which then log in`, async () => {
        const { name, passkey } = await passkeyUser(door, authenticator(algorithm, true))
        const browser = testBrowser(door)
        const answer = await browser.post('/auth/passkey', passkey.get(await asked(browser), originOf(door)))
        assert.equal(answer.status, 200)
        assert.equal(await userIn(browser), name)
      })

    test('recovery codes are made with the first factor alone', async () => {
      const { name, browser } = await passkeyUser(door)
      const { recoveryCodes } = await door.credentialsOf(name)
      const second = authenticator().create(await askedToMake(browser), originOf(door))
      const answer = await browser.post('/auth/enrol/passkey', second)
      assert.equal('recoveryCodes' in (answer.json() as object), false)
      assert.deepEqual((await door.credentialsOf(name)).recoveryCodes, recoveryCodes)
      assert.equal((await door.credentialsOf(name)).passkeys.length, 2)
    })

    test('who has to enrol has nothing left to do afterwards', async () => {
      const { name } = await door.addUser({ name: `u-mfa-${randomBytes(4).toString('hex')}` })
      const browser = await withPassword(door, name)
      assert.equal(await userIn(browser), undefined)
      assert.match(
        (await browser.get('/enrol')).body,
        /action="\/auth\/enrol\/passkey" data-passkey="create"/,
      )
      const fields = authenticator().create(await askedToMake(browser), originOf(door))
      assert.equal((await browser.post('/auth/enrol/passkey', fields)).status, 200)
      assert.equal(await userIn(browser), name)
    })

    test('a form gets pages: the codes once, then the account', async () => {
      const { name } = await door.addUser()
      const browser = await withPassword(door, name)
      await browser.get('/enrol')
      const first = authenticator().create(await askedToMake(browser), originOf(door))
      const codes = await browser.submit('/auth/enrol/passkey', { ...first, transports: 'usb', label: '' })
      assert.equal(codes.status, 200)
      assert.match(codes.body, /<h1>Your recovery codes<\/h1>/)
      await browser.get('/enrol')
      const second = authenticator().create(await askedToMake(browser), originOf(door))
      const done = await browser.submit('/auth/enrol/passkey', { ...second, transports: '', label: '' })
      assert.deepEqual([done.status, done.headers.location], [303, '/account'])
      await browser.get('/enrol')
      const forged = { clientDataJSON: 'AA', attestationObject: 'AA', label: '' }
      const refused = await browser.submit('/auth/enrol/passkey', forged)
      assert.equal(refused.status, 401)
      assert.match(refused.body, /role="alert">This passkey was not accepted/)
      const stale = await browser.submit('/auth/enrol/passkey', { ...forged, csrf: 'x' })
      assert.equal(stale.status, 403)
    })

    const ATTACKS: Readonly<Record<string, () => Lies>> = {
      'of a page of another host': () => ({ origin: 'https://evil.example' }),
      'of a page on another port': () => ({ origin: 'https://localhost' }),
      'for another relying party': () => ({ rpId: 'evil.example' }),
      'without verification of the user': () => ({ flags: 1 }),
      'without presence of the user': () => ({ flags: 4 }),
      'that was made inside a page of somebody else': () => ({ more: { crossOrigin: true } }),
      'to another kind of request': () => ({ type: 'webauthn.get' }),
      'for a challenge that we did not make': () => ({ challenge: randomBytes(54).toString('base64url') }),
      'with an id that can be guessed': () => ({ id: randomBytes(15) }),
      'with an endless id': () => ({ id: randomBytes(1_024) }),
      'that says it was framed': () => ({ more: { topOrigin: 'https://evil.example' } }),
      'with a certificate, however good': () => ({ format: 'packed', statement: certified }),
      'of a format that we did not ask for': () => ({ format: 'android-safetynet' }),
      'with a statement that should not be there': () => ({ statement: () => new Map([['x', 1]]) }),
    }
    for (const [words, lies] of Object.entries(ATTACKS))
      test(`a passkey ${words} is refused`, async () => {
        const { name } = await door.addUser()
        const browser = await withPassword(door, name)
        const options = await askedToMake(browser)
        const fields = authenticator().create(options, originOf(door), lies())
        const answer = await browser.post('/auth/enrol/passkey', fields)
        assert.deepEqual([answer.status, errorIn(answer)], [401, 'invalid_credentials'])
        const { requestId } = answer.json() as { requestId: string }
        const event = door.events.find(
          (one) => one.event === 'request.refused' && one.requestId === requestId,
        )
        assert.ok(event?.event === 'request.refused' && event.reason === 'second_factor_refused')
        assert.deepEqual((await door.credentialsOf(name)).passkeys, [])
        assert.equal(await userIn(browser), name)
      })

    test('a challenge of another session, of another use and of another time is refused', async () => {
      const { name, browser, passkey } = await passkeyUser(door)
      const another = await withPassword(door, (await door.addUser()).name)
      const theirs = authenticator().create(await askedToMake(another), originOf(door))
      assert.equal((await browser.post('/auth/enrol/passkey', theirs)).status, 401)
      const options = await askedToMake(browser)
      const { challenge } = await asked(browser)
      const used = authenticator().create(options, originOf(door), { challenge })
      assert.equal((await browser.post('/auth/enrol/passkey', used)).status, 401)
      const toGet = passkey.get(await asked(browser), originOf(door), { challenge: options.challenge })
      assert.equal((await browser.post('/auth/passkey', toGet)).status, 401)
      const late = authenticator().create(options, originOf(door))
      door.advance(5 * 60_000 + 1)
      assert.equal((await browser.post('/auth/enrol/passkey', late)).status, 401)
      assert.equal((await door.credentialsOf(name)).passkeys.length, 1)
    })

    test('ASVS 7.5.1: only a fresh authentication adds and removes', async () => {
      const { name, browser, passkey } = await passkeyUser(door)
      const options = await askedToMake(browser)
      door.advance(4 * 60_000 + 59_000)
      const inTime = authenticator().create(options, originOf(door))
      door.advance(2_000)
      for (const [path, body] of [
        ['/auth/enrol/passkey/options', {}],
        ['/auth/remove/passkey', { id: passkey.id }],
      ] as const) {
        const answer = await browser.post(path, body)
        assert.deepEqual([answer.status, errorIn(answer)], [403, 'reauthentication_required'], path)
      }
      assert.notEqual((await browser.post('/auth/enrol/passkey', inTime)).status, 200)
      assert.deepEqual(
        (await door.credentialsOf(name)).passkeys.map(({ id }) => id),
        [passkey.id],
      )
      await browser.get('/account')
      const form = await browser.submit('/auth/remove/passkey', { id: passkey.id })
      assert.deepEqual([form.status, form.headers.location], [303, '/reauthenticate?account'])
    })

    test('of 20 posts of one new passkey one is added', async () => {
      const { name } = await door.addUser()
      const browser = await withPassword(door, name)
      const fields = authenticator().create(await askedToMake(browser), originOf(door))
      const headers = { cookie: browser.cookieHeader(), 'sec-fetch-site': 'same-origin' }
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => door.post('/auth/enrol/passkey', fields, headers)),
      )
      assert.equal(answers.filter(({ status }) => status === 200).length, 1)
      assert.ok(answers.every(({ status }) => status === 200 || status === 401))
      assert.equal((await door.credentialsOf(name)).passkeys.length, 1)
    })

    test('one that is there already is not added again, and there are at most ten', async () => {
      const { name, browser, passkey } = await passkeyUser(door)
      const again = await browser.post(
        '/auth/enrol/passkey',
        passkey.create(await askedToMake(browser), originOf(door)),
      )
      assert.deepEqual([again.status, errorIn(again)], [409, 'conflict'])
      const add = async () => {
        const fields = authenticator().create(await askedToMake(browser), originOf(door))
        return browser.post('/auth/enrol/passkey', fields)
      }
      for (let count = 2; count < 10; count++) assert.equal((await add()).status, 200)
      const options = await askedToMake(browser)
      assert.equal((await add()).status, 200)
      const full = await browser.post('/auth/enrol/passkey/options', {})
      assert.deepEqual([full.status, errorIn(full)], [409, 'conflict'])
      assert.equal(
        (await browser.post('/auth/enrol/passkey', authenticator().create(options, originOf(door)))).status,
        401,
      )
      assert.equal((await door.credentialsOf(name)).passkeys.length, 10)
    })

    test('the bound holds whoever asks, and the account is as before', async () => {
      const passkey = {
        publicKey: 'AA',
        counter: 0,
        answered: [],
        transports: [],
        label: '',
        addedAt: 0,
        lastUsedAt: null,
      }
      const passkeys = Array.from({ length: 10 }, (_, at) => ({ ...passkey, id: `id-${at}` }))
      const { name } = await door.addUser({}, { passkeys, userHandle: 'A'.repeat(43) })
      const { record } = await provedSession(door, name)
      const whom = { use: 'create', holder: 'session:test' } as const
      const challenge = newChallenge(whom, door.options.now(), door.options.keys.challenge)
      const site = { rpId: 'localhost', origin: originOf(door) }
      const attestation = authenticator().create(
        creationOptions(challenge, site, { name, handle: 'AA' }, []),
        site.origin,
      )
      const caller = { requestId: 'r', address: '127.0.0.1', userAgent: 'test' }
      const enrolment = { record, attestation, site, holder: whom.holder, caller }
      assert.deepEqual(await enrolPasskey(enrolment, door.options), { kind: 'refused', reason: 'conflict' })
      assert.equal((await door.credentialsOf(name)).passkeys.length, 10)
    })

    test('ASVS 7.4.3: removing ends the other sessions, and the removed one lets nobody in', async () => {
      const { name, browser, passkey } = await passkeyUser(door)
      const other = testBrowser(door)
      await other.post('/auth/passkey', passkey.get(await asked(other), originOf(door)))
      assert.equal(await userIn(other), name)
      const unknown = await browser.post('/auth/remove/passkey', { id: 'AAAA' })
      assert.deepEqual([unknown.status, errorIn(unknown)], [409, 'conflict'])
      const account = await browser.get('/account')
      assert.match(account.body, new RegExp(`name="id" value="${passkey.id}"`))
      const answer = await browser.submit('/auth/remove/passkey', { id: passkey.id })
      assert.deepEqual([answer.status, answer.headers.location], [303, '/account'])
      assert.deepEqual([await userIn(browser), await userIn(other)], [name, undefined])
      const { passkeys, recoveryCodes } = await door.credentialsOf(name)
      assert.deepEqual([passkeys, recoveryCodes], [[], []])
      const told = (await door.store.histories.list(name)).map(({ event }) => event)
      assert.ok(told.includes('passkey_removed'))
      const again = testBrowser(door)
      const refused = await again.post('/auth/passkey', passkey.get(await asked(again), originOf(door)))
      assert.equal(refused.status, 401)
      const login = await again.post('/auth/login', { username: name, password: PASSWORD })
      assert.equal((login.json() as { next: unknown }).next, null)
    })

    test('nothing is added that cannot be recorded', async () => {
      const { name } = await door.addUser()
      const browser = await withPassword(door, name)
      const fields = authenticator().create(await askedToMake(browser), originOf(door))
      door.failAudit(true)
      const answer = await browser.post('/auth/enrol/passkey', fields)
      door.failAudit(false)
      assert.equal(answer.status, 503)
      assert.deepEqual((await door.credentialsOf(name)).passkeys, [])
    })

    test('an address has no passkeys: the page says so, and nothing is made', async () => {
      const { name } = await door.addUser()
      const browser = await withPassword(door, name)
      const host = `127.0.0.1:${door.port}`
      const answer = await browser.post('/auth/enrol/passkey/options', {}, { host })
      assert.deepEqual([answer.status, errorIn(answer)], [409, 'conflict'])
      assert.match((await browser.get('/enrol', { host })).body, /Passkeys need a host name/)
      const fields = authenticator().create(await askedToMake(browser), `https://${host}`)
      assert.equal((await browser.post('/auth/enrol/passkey', fields, { host })).status, 409)
    })
  })
