import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { ListedSession } from '../../src/login/listed-session.ts'
import { sessionId } from '../../src/login/session-id.ts'
import type { Answer } from '../support/clients.ts'
import {
  ENGINES,
  PASSWORD,
  startDoor,
  testBrowser,
  type LoginDoor,
  type TestBrowser,
} from '../support/login-door.ts'
import { provedSession } from '../support/proved-session.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const MINUTE = 60_000

for (const engine of ENGINES)
  describe(`the sessions of a user, on ${engine}`, () => {
    let door: LoginDoor
    before(async () => {
      door = await startDoor(engine)
    })
    after(() => door.close())

    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
    const tokenOf = async (username: string, headers: Record<string, string> = {}): Promise<string> => {
      const answer = await door.post('/auth/login', { username, password: PASSWORD, token: true }, headers)
      return (answer.json() as { token: string }).token
    }
    const listed = async (token: string): Promise<readonly ListedSession[]> => {
      const answer = await door.ask('/auth/sessions', { headers: bearer(token) })
      assert.equal(answer.status, 200)
      return answer.json() as readonly ListedSession[]
    }
    const idOf = async (token: string): Promise<string> =>
      (await listed(token)).find(({ current }) => current)?.id ?? ''
    const statusOf = async (token: string): Promise<number> =>
      (await door.ask('/auth/session', { headers: bearer(token) })).status
    const remove = (id: string, token: string): Promise<Answer> =>
      door.ask(`/auth/sessions/${id}`, { method: 'DELETE', headers: bearer(token) })
    const historyOf = async (user: string): Promise<readonly string[]> =>
      (await door.store.histories.list(user)).map(({ event }) => event)
    const signedIn = async (name: string): Promise<TestBrowser> => {
      const browser = testBrowser(door)
      await browser.get('/login')
      await browser.submit('/auth/login', { username: name, password: PASSWORD })
      return browser
    }
    const eventsSince = async (work: () => Promise<unknown>): Promise<readonly AuditEvent[]> => {
      const from = door.events.length
      await work()
      return door.events.slice(from)
    }

    test('ASVS 7.5.2: are listed with device, address, times and what was proved, newest first', async () => {
      const { name } = await door.addUser()
      const stranger = await door.addUser()
      await tokenOf(stranger.name)
      const first = await tokenOf(name, { 'user-agent': FIREFOX })
      door.advance(MINUTE)
      const second = await tokenOf(name, { 'user-agent': 'curl/8.0' })
      const [newest, oldest, ...others] = await listed(first)
      assert.deepEqual(others, [])
      assert.deepEqual([newest?.device, oldest?.device], ['curl/8.0', 'Firefox 140 on Linux'])
      assert.deepEqual([newest?.current, oldest?.current], [false, true])
      assert.deepEqual(Object.keys(newest ?? {}).toSorted(), [
        'address',
        'createdAt',
        'current',
        'device',
        'expiresAt',
        'id',
        'label',
        'lastSeenAt',
        'methods',
        'pending',
      ])
      assert.deepEqual([newest?.methods, newest?.label, newest?.pending], [['password'], 'token', null])
      assert.match(newest?.address ?? '', /127\.0\.0\.1$/)
      assert.ok(Date.parse(newest?.createdAt ?? '') > Date.parse(oldest?.createdAt ?? ''))
      assert.equal((await listed(second))[0]?.current, true)
    })

    test('are called by names that are neither token nor digest, and to look slides none', async () => {
      const { name } = await door.addUser()
      const { token, record } = await provedSession(door, name)
      door.advance(MINUTE)
      const asking = await tokenOf(name)
      const answer = await door.ask('/auth/sessions', { headers: bearer(asking) })
      assert.ok(!answer.body.includes(record.digest) && !answer.body.includes(token))
      assert.match(answer.body, new RegExp(`"id":"${sessionId(record.digest)}"`))
      const slid = (await listed(asking)).find(({ id }) => id === sessionId(record.digest))
      assert.equal(Date.parse(slid?.lastSeenAt ?? ''), record.createdAt)
    })

    test('show a login that lacks a step', async () => {
      const { name } = await door.addUser()
      await provedSession(door, name, { pending: 'second_factor', mfaAt: null, label: 'browser' })
      assert.deepEqual(
        (await listed(await tokenOf(name))).map(({ pending }) => pending),
        [null, 'second_factor'],
      )
    })

    test('are not shown when somebody else has written them into the store', async () => {
      const { name } = await door.addUser()
      const { record } = await provedSession(door, name, { label: 'real' })
      const now = door.options.now()
      const forged = { ...record, digest: 'ab'.repeat(32), label: 'forged' }
      assert.ok(await door.store.sessions.open(forged, now + MINUTE, undefined, now, 20))
      assert.deepEqual((await listed(await tokenOf(name))).map(({ label }) => label).toSorted(), [
        'real',
        'token',
      ])
    })

    test('ASVS 7.4.1: one is ended by its owner, at once, on record and in the history', async () => {
      const { name } = await door.addUser()
      const [mine, lost] = [await tokenOf(name), await tokenOf(name)]
      const id = await idOf(lost)
      const told = door.announced.length
      const events = await eventsSince(async () => {
        const answer = await remove(id, mine)
        assert.deepEqual([answer.status, answer.body], [204, ''])
      })
      assert.deepEqual([await statusOf(mine), await statusOf(lost)], [200, 401])
      assert.deepEqual(
        events.map((event) => ('reason' in event ? [event.event, event.reason] : event.event)),
        [['session.ended', 'ended_by_owner']],
      )
      assert.deepEqual(
        door.announced.slice(told).map(({ kind }) => kind),
        ['session'],
      )
      assert.equal((await historyOf(name))[0], 'session_ended')
      assert.equal((await listed(mine)).length, 1)
    })

    test('ASVS 8.2.2: of somebody else and of nobody are not found, with the same bytes', async () => {
      const [alice, bob] = [await door.addUser(), await door.addUser()]
      const [hers, his] = [await tokenOf(alice.name), await tokenOf(bob.name)]
      const answers = [await remove(await idOf(hers), his), await remove('0'.repeat(16), his)]
      const [one, other] = answers.map(({ status, headers, body }) => {
        const { requestId } = JSON.parse(body) as { requestId: string }
        return [status, { ...headers, date: '' }, body.replace(requestId, '')]
      })
      assert.equal(one?.[0], 404)
      assert.deepEqual(one, other)
      assert.equal(await statusOf(hers), 200)
      for (const odd of ['..', '%2e%2e', '%', 'x'.repeat(500), '%00', '__proto__'])
        assert.equal((await remove(odd, his)).status, 404, odd)
    })

    test('the present one may be ended as any other', async () => {
      const { name } = await door.addUser()
      const token = await tokenOf(name)
      assert.equal((await remove(await idOf(token), token)).status, 204)
      assert.equal(await statusOf(token), 401)
    })

    test('ASVS 7.5.2: all others are ended, and the present one goes on under a new token', async () => {
      const { name } = await door.addUser()
      const [mine, ...others] = [await tokenOf(name), await tokenOf(name), await tokenOf(name)]
      const pending = await provedSession(door, name, { pending: 'second_factor', mfaAt: null })
      const events = await eventsSince(async () => {
        const answer = await door.post('/auth/sessions/end-others', {}, bearer(mine))
        assert.equal(answer.status, 200)
        const { next, token } = answer.json() as { next: null; token: string }
        assert.equal(next, null)
        assert.equal(await statusOf(token), 200)
        assert.equal((await listed(token)).length, 1)
      })
      for (const token of [mine, ...others, pending.token]) assert.equal(await statusOf(token), 401)
      assert.ok(
        events.some(
          (one) =>
            one.event === 'user.sessions_ended' &&
            one.principal === `user:${name}` &&
            one.by === `user:${name}`,
        ),
      )
      assert.ok(door.announced.some((one) => one.kind === 'user' && one.user === name && one.epoch === 1))
      assert.equal((await historyOf(name))[0], 'sessions_ended')
    })

    test('all are ended, the present one among them', async () => {
      const { name } = await door.addUser()
      const tokens = [await tokenOf(name), await tokenOf(name)]
      const answer = await door.post('/auth/sessions/end-all', undefined, bearer(tokens[0] ?? ''))
      assert.deepEqual([answer.status, answer.body], [204, ''])
      for (const token of tokens) assert.equal(await statusOf(token), 401)
    })

    test('ASVS 7.5.2: nobody ends any of them who has not proved himself for five minutes', async () => {
      const { name } = await door.addUser()
      const [mine, other] = [await tokenOf(name), await tokenOf(name)]
      const id = await idOf(other)
      const browser = await signedIn(name)
      door.advance(5 * MINUTE + 1_000)
      for (const answer of [
        await remove(id, mine),
        await door.post('/auth/sessions/end', { id }, bearer(mine)),
        await door.post('/auth/sessions/end-others', {}, bearer(mine)),
        await door.post('/auth/sessions/end-all', {}, bearer(mine)),
      ]) {
        assert.equal(answer.status, 403)
        assert.equal((answer.json() as { error: string }).error, 'reauthentication_required')
      }
      await browser.get('/account')
      const page = await browser.submit('/auth/sessions/end', { id })
      assert.deepEqual([page.status, page.headers.location], [303, '/reauthenticate?account'])
      assert.equal(await statusOf(other), 200)
    })

    test('ASVS 3.5.1: another site can neither read them nor end them', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const other = await tokenOf(name)
      const id = await idOf(other)
      const headers = { cookie: browser.cookieHeader() }
      for (const site of ['cross-site', 'same-site']) {
        const from = { ...headers, 'sec-fetch-site': site }
        assert.equal((await door.ask('/auth/sessions', { headers: from })).status, 401)
        const paths = [`/auth/sessions/${id}`, `/auth/users/${name}/sessions`]
        for (const path of paths)
          assert.equal((await door.ask(path, { method: 'DELETE', headers: from })).status, 403)
        for (const path of ['/auth/sessions/end-others', '/auth/sessions/end-all', '/auth/sessions/end'])
          assert.equal((await door.post(path, { id }, from)).status, 403)
      }
      const evil = { ...headers, origin: 'https://evil.example' }
      const answer = await door.ask(`/auth/sessions/${id}`, { method: 'DELETE', headers: evil })
      assert.equal(answer.status, 403)
      assert.equal(await statusOf(other), 200)
    })

    test('a form without the token of its session ends nothing', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const other = await tokenOf(name)
      const id = await idOf(other)
      for (const [path, fields] of [
        ['/auth/sessions/end', { id, csrf: 'x' }],
        ['/auth/sessions/end-others', { csrf: 'x' }],
        ['/auth/sessions/end-all', { csrf: '' }],
      ] as const)
        assert.equal((await browser.submit(path, fields)).status, 403, path)
      assert.equal(await statusOf(other), 200)
    })

    test('are ended by the forms of the account page, which says so', async () => {
      const { name } = await door.addUser()
      const browser = await signedIn(name)
      const [one, two] = [await tokenOf(name), await tokenOf(name)]
      const page = await browser.get('/account')
      assert.equal(page.body.match(/action="\/auth\/sessions\/end"/g)?.length, 2)
      const ended = await browser.submit('/auth/sessions/end', { id: await idOf(one) })
      assert.deepEqual([ended.status, ended.headers.location], [303, '/account'])
      assert.deepEqual([await statusOf(one), await statusOf(two)], [401, 200])
      assert.match((await browser.get('/account')).body, /role="status">\s*The session has ended\./)
      assert.doesNotMatch((await browser.get('/account')).body, /role="status"/)
      const held = browser.cookieHeader()
      const others = await browser.submit('/auth/sessions/end-others', {}, {})
      assert.deepEqual([others.status, others.headers.location], [303, '/account'])
      assert.notEqual(browser.cookieHeader(), held)
      assert.equal(await statusOf(two), 401)
      const last = await browser.get('/account')
      assert.match(last.body, /role="status">\s*Your other sessions have ended\./)
      assert.doesNotMatch(last.body, /end-others/)
    })

    test('ASVS 7.4.5: are seen and ended by an administrator with a second factor', async () => {
      const { name } = await door.addUser()
      const admin = await door.addUser({ name: `u-admin-${name}` })
      const token = await tokenOf(name)
      const { token: root } = await provedSession(door, admin.name)
      const path = `/auth/users/${name}/sessions`
      const list = await door.ask(path, { headers: bearer(root) })
      assert.equal(list.status, 200)
      assert.deepEqual(
        (list.json() as ListedSession[]).map(({ id, current }) => [id, current]),
        [[await idOf(token), false]],
      )
      const events = await eventsSince(async () => {
        const answer = await door.ask(path, { method: 'DELETE', headers: bearer(root) })
        assert.deepEqual([answer.status, answer.body], [204, ''])
      })
      assert.deepEqual(events, [
        { event: 'user.sessions_ended', principal: `user:${name}`, by: `user:${admin.name}` },
      ])
      assert.equal(await statusOf(token), 401)
      assert.equal(await statusOf(root), 200)
      const [entry] = await door.store.histories.list(name)
      assert.deepEqual([entry?.event, entry?.address, entry?.userAgent], ['sessions_ended', '', ''])
    })

    test('ASVS 8.2.1: nobody else sees or ends those of others, and nobody learns who exists', async () => {
      const { name } = await door.addUser()
      const admin = await door.addUser({ name: `u-admin-${name}` })
      const token = await tokenOf(name)
      const onePassword = await tokenOf(admin.name)
      const { token: nobody } = await provedSession(door, (await door.addUser()).name)
      const { token: root } = await provedSession(door, admin.name)
      const answers = [
        [`/auth/users/${name}/sessions`, onePassword],
        [`/auth/users/${name}/sessions`, nobody],
        [`/auth/users/${name}/sessions`, token],
        ['/auth/users/nobody/sessions', nobody],
        ['/auth/users/nobody/sessions', root],
      ] as const
      const shapes = new Set<string>()
      const from = door.events.length
      for (const [path, asking] of answers)
        for (const method of ['GET', 'DELETE']) {
          const { status, body, headers } = await door.ask(path, { method, headers: bearer(asking) })
          const { requestId, ...rest } = JSON.parse(body) as { requestId: string }
          assert.equal(requestId.length, 36)
          shapes.add(JSON.stringify([status, rest, { ...headers, date: '' }]))
        }
      assert.equal(shapes.size, 1)
      assert.match([...shapes].join(''), /^\[404,/)
      const reasons = door.events.slice(from).map((event) => ('reason' in event ? event.reason : ''))
      assert.deepEqual(
        reasons,
        Array.from({ length: 8 }, () => 'not_permitted'),
      )
      assert.equal(await statusOf(token), 200)
    })

    test('end without the audit trail', async () => {
      const { name } = await door.addUser()
      const [mine, other] = [await tokenOf(name), await tokenOf(name)]
      const id = await idOf(other)
      door.failAudit(true)
      assert.equal((await remove(id, mine)).status, 204)
      assert.equal((await door.post('/auth/sessions/end-all', {}, bearer(mine))).status, 204)
      door.failAudit(false)
      assert.deepEqual([await statusOf(mine), await statusOf(other)], [401, 401])
    })

    test('ASVS 7.4.1: nobody is told that they have ended who cannot rely on it: not without the store', async () => {
      const lost = await startDoor(engine)
      try {
        const { name } = await lost.addUser()
        const body = { username: name, password: PASSWORD, token: true }
        const { token } = (await lost.post('/auth/login', body)).json() as { token: string }
        if (lost.redis === undefined) await lost.store.close()
        else await lost.redis.stop()
        const headers = bearer(token)
        const answers = [
          await lost.ask('/auth/sessions', { headers }),
          await lost.ask(`/auth/sessions/${'0'.repeat(16)}`, { method: 'DELETE', headers }),
          await lost.post('/auth/sessions/end-others', {}, headers),
          await lost.post('/auth/sessions/end-all', {}, headers),
          await lost.ask(`/auth/users/${name}/sessions`, { method: 'DELETE', headers }),
        ]
        for (const { status } of answers) assert.equal(status, 503)
      } finally {
        await lost.close()
      }
    })

    test('the oldest ends beyond the most, is announced, on record and in the history', async () => {
      const few = await startDoor(engine, () => ({ most: 2 }))
      try {
        const { name } = await few.addUser()
        const login = async (): Promise<string> => {
          const body = { username: name, password: PASSWORD, token: true }
          few.advance(10)
          return ((await few.post('/auth/login', body)).json() as { token: string }).token
        }
        const tokens = [await login(), await login(), await login()]
        const states = await Promise.all(
          tokens.map(async (token) => (await few.ask('/auth/session', { headers: bearer(token) })).status),
        )
        assert.deepEqual(states, [401, 200, 200])
        assert.deepEqual(
          few.announced.map(({ kind }) => kind),
          ['session'],
        )
        const ended = few.events.filter((event) => event.event === 'session.ended')
        assert.deepEqual(
          ended.map((event) => ('reason' in event ? event.reason : '')),
          ['too_many_sessions'],
        )
        assert.ok((await few.store.histories.list(name)).some(({ event }) => event === 'session_ended'))
      } finally {
        await few.close()
      }
    })
  })
