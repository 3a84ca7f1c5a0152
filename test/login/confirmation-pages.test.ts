import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Confirmations, PendingConfirmation } from '../../src/mcp/confirmations.ts'
import {
  answerCall,
  APPROVAL,
  callOf,
  confirmationsOf,
  pendingOf,
  provedBrowser,
  SECOND_FACTOR,
  treasurer,
} from '../support/confirming.ts'
import { browserWith, signedIn } from '../support/device.ts'
import { bearer, factorUser } from '../support/factor-user.ts'
import { ENGINES, PASSWORD, startDoor, testBrowser, type LoginDoor } from '../support/login-door.ts'
import { provedSession } from '../support/proved-session.ts'

for (const engine of ENGINES)
  describe(`the pages for calls that wait, on ${engine}`, () => {
    let door: LoginDoor
    let port: Confirmations
    before(async () => {
      door = await startDoor(engine)
      port = confirmationsOf(door)
    })
    after(() => door.close())

    const somebody = async (name?: string) => (await door.addUser(name === undefined ? {} : { name })).name
    const waitingOf = async (name: string, args: Record<string, unknown> = { amount: 7 }) => {
      const call = callOf(`user:${name}`, { args })
      return { call, pending: await pendingOf(port, call, SECOND_FACTOR) }
    }
    const approvalOf = async (principal: string, owner: string | null = null) => {
      const need = { ...APPROVAL, owner }
      const call = callOf(principal, { resource: `pay_${randomBytes(4).toString('hex')}` })
      return { call, need, pending: await pendingOf(port, call, need) }
    }
    const isWaiting = async ({ id }: PendingConfirmation): Promise<boolean> =>
      (await door.store.confirmations.find(id, door.options.now()))?.answer === ''
    /** A page without what is another one at each request. */
    const sameBut = (body: string): string =>
      body.replaceAll(/name="csrf" value="[^"]*"/g, '').replaceAll(/<code>[^<]*<\/code>/g, '')

    test('a stranger logs in with everything he has, comes back, and need not prove it again', async () => {
      const user = await factorUser(door)
      const { call, pending } = await waitingOf(user.name)
      const browser = testBrowser(door)
      const path = `/confirm/${pending.id}`
      const sent = await browser.get(path, { 'sec-fetch-site': 'cross-site' })
      assert.deepEqual([sent.status, sent.headers.location], [303, '/login'])
      await browser.get('/login')
      await browser.submit('/auth/login', { username: user.name, password: PASSWORD })
      await browser.get('/second-factor')
      await browser.submit('/auth/factor', { code: user.code() })
      assert.equal((await browser.get('/account')).headers.location, path)
      const page = await browser.get(path)
      assert.equal(page.status, 200)
      assert.match(page.body, /Confirm this call\?/)
      assert.match((await browser.submit('/auth/confirm', { decision: 'confirm' })).body, /Call confirmed/)
      assert.equal((await port.confirm(call, [SECOND_FACTOR])).kind, 'confirmed')
      assert.equal((await browser.get('/account')).status, 200, 'the way back was gone once')
    })

    test('who is logged in already proves anew that he is there, however fresh his login is', async () => {
      const user = await factorUser(door)
      const { browser } = await browserWith(door, user.name, {
        mfaAt: door.options.now() - 1,
        authenticationMethods: ['password', 'totp'],
      })
      const { call, pending } = await waitingOf(user.name)
      const path = `/confirm/${pending.id}`
      const shown = await browser.get(path)
      assert.doesNotMatch(shown.body, /value="confirm"/)
      const [, proof = ''] = /class="button" href="([^"]*)"/.exec(shown.body) ?? []
      assert.equal(proof, `/reauthenticate?confirm.${pending.id}`)
      const early = await browser.submit('/auth/confirm', { decision: 'confirm' })
      assert.deepEqual([early.status, early.headers.location], [303, proof])
      assert.equal(await isWaiting(pending), true)
      await browser.get(proof)
      const proved = await browser.submit('/auth/reauthenticate', { password: PASSWORD, code: user.code() })
      assert.deepEqual([proved.status, proved.headers.location], [303, path])
      assert.equal(await answerCall(browser, pending), 200)
      assert.equal((await port.confirm(call, [SECOND_FACTOR])).kind, 'confirmed')
      const [latest] = await door.store.histories.list(user.name)
      assert.equal(latest?.event, 'call_confirmed')
    })

    test('a password alone confirms nothing, and who has no second factor is told to set one up', async () => {
      const name = await somebody()
      const { pending } = await waitingOf(name)
      const browser = await signedIn(door, name)
      const page = await browser.get(`/confirm/${pending.id}`)
      assert.match(page.body, /href="\/enrol"/)
      assert.equal((await browser.submit('/auth/confirm', { decision: 'confirm' })).status, 303)
      assert.equal(await isWaiting(pending), true)
      assert.match((await browser.submit('/auth/confirm', { decision: 'refuse' })).body, /Call refused/)
      assert.equal((await door.store.histories.list(name))[0]?.event, 'call_refused')
    })

    test('a login that lacks a step sees and answers nothing before it is complete', async () => {
      const { name } = await factorUser(door)
      const { pending } = await waitingOf(name)
      const { browser } = await browserWith(door, name, { pending: 'second_factor' })
      const sent = await browser.get(`/confirm/${pending.id}`)
      assert.deepEqual([sent.status, sent.headers.location], [303, '/second-factor'])
      await browser.get('/second-factor')
      const posted = await browser.submit('/auth/confirm', { id: pending.id, decision: 'refuse' })
      assert.deepEqual([posted.status, posted.headers.location], [303, '/second-factor'])
      assert.equal(await isWaiting(pending), true)
    })

    test('the call is shown whole: who, with what, from where, why, until when, and every argument as it is', async () => {
      const name = await somebody()
      const args = {
        markup: '<img src=x onerror=alert(1)>"\'&',
        unseen: 'pay\u202eevil\u200b\u00ad\u2066\ufeff\u{e0041}\u0000\u007f\u00a0',
        deep: { list: [1, -0.5, 1e21, null, true, {}, []] },
        long: 'x'.repeat(5000),
      }
      const { pending } = await waitingOf(name, args)
      const { body } = await (await provedBrowser(door, name)).get(`/confirm/${pending.id}`)
      for (const shown of [
        'bank_pay',
        `user:${name}`,
        'a login session (sha256:abababababababab…)',
        '192.0.2.7',
        'fresh-factor',
      ])
        assert.ok(body.includes(shown), shown)
      assert.ok(body.includes(new Date(pending.expiresAt).toISOString()))
      assert.ok(body.includes('&lt;img src=x onerror=alert(1)&gt;\\&quot;&#39;&amp;'))
      assert.ok(
        body.includes('pay\\u202eevil\\u200b\\u00ad\\u2066\\ufeff\\udb40\\udc41\\u0000\\u007f\\u00a0'),
      )
      assert.ok(body.includes(args.long))
      const [, pre = ''] = /<pre[^>]*>([\s\S]*)<\/pre>/.exec(body) ?? []
      const text = pre
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', `'`)
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
      assert.deepEqual(JSON.parse(text.replaceAll('&amp;', '&')), args)
    })

    test('nobody else sees it, or learns that there is anything', async () => {
      const [owner, other] = [await somebody(), await somebody()]
      const { pending } = await waitingOf(owner)
      const { pending: approval } = await approvalOf(`user:${owner}`)
      const browser = await provedBrowser(door, other)
      const unknown = await browser.get('/confirm/AAAAAAAAAAAAAAAAAAAAAA')
      assert.equal(unknown.status, 404)
      for (const { id } of [pending, approval, { id: 'x' }, { id: `${pending.id}x` }]) {
        const answer = await browser.get(`/confirm/${id}`)
        assert.equal(answer.status, 404)
        assert.equal(sameBut(answer.body), sameBut(unknown.body))
        for (const decision of ['confirm', 'refuse']) {
          await browser.get('/account')
          const posted = await browser.submit('/auth/confirm', { id, decision })
          assert.equal(posted.status, 404)
          assert.equal(sameBut(posted.body), sameBut(unknown.body))
        }
      }
      assert.deepEqual([await isWaiting(pending), await isWaiting(approval)], [true, true])
    })

    test('four eyes: neither who asks nor who answers for the service approves, whatever his roles', async () => {
      const [requester, owner, third] = [treasurer(), treasurer(), treasurer()]
      for (const name of [requester, owner, third]) await somebody(name)
      const own = await approvalOf(`user:${requester}`)
      const owned = await approvalOf('service:billing', `user:${owner}`)
      for (const [name, { pending }] of [
        [requester, own],
        [owner, owned],
      ] as const) {
        const browser = await provedBrowser(door, name)
        assert.equal(await answerCall(browser, pending), 404)
        await browser.get('/account')
        assert.equal(
          (await browser.submit('/auth/confirm', { id: pending.id, decision: 'confirm' })).status,
          404,
        )
        assert.doesNotMatch((await browser.get('/approvals')).body, new RegExp(pending.id))
      }
      const browser = await provedBrowser(door, third)
      for (const { call, need, pending } of [own, owned]) {
        assert.equal(await answerCall(browser, pending), 200)
        assert.deepEqual(await port.confirm(call, [need]), { kind: 'confirmed', by: [`user:${third}`] })
      }
      const events = (await door.store.histories.list(third)).slice(0, 2).map(({ event }) => event)
      assert.deepEqual(events, ['call_approved', 'call_approved'])
    })

    test('who approves has the role, and a second factor in this very session', async () => {
      const { pending } = await approvalOf('service:billing')
      const name = await somebody(treasurer())
      const withoutRole = await provedBrowser(door, await somebody('u-auditor-1'))
      const withoutFactor = await provedBrowser(door, name, { mfaAt: null })
      for (const browser of [withoutRole, withoutFactor]) {
        assert.equal(await answerCall(browser, pending), 404)
        assert.doesNotMatch((await browser.get('/approvals')).body, new RegExp(pending.id))
        assert.doesNotMatch((await browser.get('/account')).body, /Waiting for your approval/)
      }
      assert.equal(await answerCall(await provedBrowser(door, name), pending), 200)
    })

    test('what waits for somebody is on his account page and on a page of its own, until it is answered', async () => {
      const browser = await provedBrowser(door, await somebody(treasurer()))
      const { call, need, pending } = await approvalOf('service:billing')
      for (const path of ['/account', '/approvals']) {
        const { body } = await browser.get(path)
        assert.ok(body.includes(`href="/confirm/${pending.id}"`), path)
        assert.ok(body.includes(call.resource), path)
      }
      assert.equal(await answerCall(browser, pending, 'refuse'), 200)
      assert.deepEqual(await port.confirm(call, [need]), { kind: 'refused', rule: 'two-people' })
      for (const path of ['/account', '/approvals'])
        assert.doesNotMatch((await browser.get(path)).body, new RegExp(pending.id))
      const stranger = testBrowser(door)
      assert.equal((await stranger.get('/approvals')).headers.location, '/login')
    })

    test('it is answered once: a page that is older than the answer changes nothing', async () => {
      const name = await somebody()
      const { call, pending } = await waitingOf(name)
      const [first, second] = [await provedBrowser(door, name), await provedBrowser(door, name)]
      for (const browser of [first, second])
        assert.equal((await browser.get(`/confirm/${pending.id}`)).status, 200)
      assert.equal((await first.submit('/auth/confirm', { decision: 'refuse' })).status, 200)
      assert.equal((await second.submit('/auth/confirm', { decision: 'confirm' })).status, 404)
      assert.equal((await port.confirm(call, [SECOND_FACTOR])).kind, 'refused')
    })

    test('late: past its end it is gone, also for who has the page open still', async () => {
      const name = await somebody()
      const { pending } = await waitingOf(name)
      const browser = await provedBrowser(door, name)
      await browser.get(`/confirm/${pending.id}`)
      door.advance(5 * 60_000)
      assert.equal((await browser.submit('/auth/confirm', { decision: 'confirm' })).status, 404)
    })

    test('who confirms proves it within the time of the rule', async () => {
      const name = await somebody()
      const call = callOf(`user:${name}`)
      const pending = await pendingOf(port, call, { ...SECOND_FACTOR, within: 60_000 })
      const browser = await provedBrowser(door, name)
      await browser.get(`/confirm/${pending.id}`)
      door.advance(60_001)
      assert.equal((await browser.submit('/auth/confirm', { decision: 'confirm' })).status, 303)
      assert.equal(await isWaiting(pending), true)
    })

    test('no bearer token answers anything: a program that holds the session of its person is no browser', async () => {
      const name = await somebody(treasurer())
      const { pending } = await waitingOf(name)
      const { pending: approval } = await approvalOf('service:billing')
      const { token } = await provedSession(door, name)
      const browser = await provedBrowser(door, name)
      const { body: page } = await browser.get(`/confirm/${pending.id}`)
      const [, csrf = ''] = /name="csrf" value="([^"]*)"/.exec(page) ?? []
      for (const { id } of [pending, approval]) {
        const shown = await door.ask(`/confirm/${id}`, { headers: { ...bearer(token), accept: 'text/html' } })
        assert.deepEqual([shown.status, shown.headers.location], [303, '/login'])
        const form = new URLSearchParams({ csrf, id, decision: 'confirm' }).toString()
        const type = { 'content-type': 'application/x-www-form-urlencoded' }
        const posted = await door.ask('/auth/confirm', {
          method: 'POST',
          body: form,
          headers: { ...bearer(token), ...type },
        })
        assert.deepEqual([posted.status, posted.headers.location], [303, '/login'])
        const json = await door.post('/auth/confirm', { csrf, id, decision: 'confirm' }, bearer(token))
        assert.equal(json.status, 415)
        const both = await door.ask('/auth/confirm', {
          method: 'POST',
          body: form,
          headers: { ...bearer(token), ...type, cookie: browser.cookieHeader() },
        })
        assert.equal(both.status, 401)
      }
      assert.equal(
        (await browser.post('/auth/confirm', { csrf, id: pending.id, decision: 'confirm' })).status,
        415,
      )
      assert.deepEqual([await isWaiting(pending), await isWaiting(approval)], [true, true])
    })

    test('another site, a form of another session, and one that was not asked for, confirm nothing', async () => {
      const name = await somebody()
      const { pending } = await waitingOf(name)
      const [browser, other] = [await provedBrowser(door, name), await provedBrowser(door, name)]
      const { body } = await other.get(`/confirm/${pending.id}`)
      const [, foreign = ''] = /name="csrf" value="([^"]*)"/.exec(body) ?? []
      const post = async (fields: Record<string, string>, headers = {}) => {
        await browser.get(`/confirm/${pending.id}`)
        return (await browser.submit('/auth/confirm', { decision: 'confirm', ...fields }, headers)).status
      }
      assert.equal(await post({ csrf: foreign }), 403)
      assert.equal(await post({ csrf: '' }), 403)
      assert.equal(await post({}, { 'sec-fetch-site': 'cross-site' }), 403)
      assert.equal(await post({}, { 'sec-fetch-site': 'same-site' }), 403)
      assert.equal(await post({ decision: 'yes' }), 400)
      assert.equal(await post({ more: 'x' }), 400)
      assert.equal(await isWaiting(pending), true)
      assert.equal(await answerCall(browser, pending), 200)
    })

    test('the way back leads to pages of ours alone', async () => {
      for (const kept of [
        '//evil.example',
        'https://evil.example',
        '/confirm/../account',
        '/confirm/x',
        '/device?code=<b>',
      ]) {
        const name = await somebody()
        const { browser } = await browserWith(door, name)
        const cookie = `${browser.cookieHeader()}; __Host-sallyport-return=${encodeURIComponent(kept)}`
        const answer = await door.ask('/account', {
          headers: { cookie, accept: 'text/html', 'sec-fetch-site': 'same-origin' },
        })
        assert.equal(answer.status, 200, kept)
      }
      const name = await somebody()
      const { browser } = await browserWith(door, name)
      for (const place of ['confirm.x', 'confirm.', 'confirm.//evil.example', 'confirm']) {
        await browser.get(`/reauthenticate?${place}`)
        const proved = await browser.submit('/auth/reauthenticate', { password: PASSWORD, place })
        assert.deepEqual([proved.status, proved.headers.location], [303, '/account'], place)
      }
    })
  })
