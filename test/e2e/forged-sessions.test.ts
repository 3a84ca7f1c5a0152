import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import type { RefusalReason } from '../../src/auth/authenticator.ts'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { digestOf, newSessionToken, slotOf } from '../../src/auth/session-token.ts'
import type { SallyportOptions } from '../../src/server-options.ts'
import { ask, modern, type Answer } from '../support/clients.ts'
import { PASSWORD, startDoor } from '../support/login-door.ts'
import { startRedis, type RedisServer, type RedisServerOptions } from '../support/redis.ts'
import { openSession } from '../support/session.ts'
import { startServer, TEST_SECRET, type TestServer } from '../support/server.ts'
import { closedAt, openStreams } from '../support/streams.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** A server on a Redis in which somebody else can write. */
interface Attacked {
  readonly server: TestServer
  readonly redis: RedisServer
  /** What the attacker has. */
  readonly raw: Redis
}

async function redisOf(t: TestContext, options: RedisServerOptions = {}): Promise<[RedisServer, Redis]> {
  const redis = await startRedis(options)
  const raw = new Redis(redis.url)
  t.after(async () => {
    raw.disconnect()
    await redis.stop()
  })
  return [redis, raw]
}

async function served(
  t: TestContext,
  storeLocation: string,
  options: Partial<SallyportOptions> = {},
): Promise<TestServer> {
  const server = await startServer({ storeLocation, ...options })
  t.after(async () => server.close())
  return server
}

async function attacked(t: TestContext): Promise<Attacked> {
  const [redis, raw] = await redisOf(t)
  return { server: await served(t, redis.url), redis, raw }
}

async function whoami(server: TestServer, headers: Record<string, string>): Promise<Answer> {
  const call = modern('tools/call', { name: 'whoami', arguments: {} })
  return ask({
    port: server.ports.people ?? 0,
    ca: server.authority.rootPem,
    ...call,
    headers: { ...call.headers, ...headers },
  })
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** The cookie that express-session sets for a token, signed by a secret. */
function cookieOf(token: string, secret: string = TEST_SECRET): Record<string, string> {
  const [key] = sessionKeys([secret]).cookie
  const signature = createHmac('sha256', key).update(token).digest('base64').replace(/=+$/, '')
  return {
    cookie: `__Host-sallyport=${encodeURIComponent(`s:${token}.${signature}`)}`,
    'sec-fetch-site': 'same-origin',
  }
}

async function assertIs(server: TestServer, headers: Record<string, string>, id: string): Promise<void> {
  const answer = await whoami(server, headers)
  assert.equal(answer.status, 200, answer.body)
  const { result } = answer.json() as { result: { structuredContent: { principal: string } } }
  assert.equal(result.structuredContent.principal, id)
}

async function assertRefused(
  server: TestServer,
  headers: Record<string, string>,
  reason: RefusalReason = 'session_invalid',
): Promise<void> {
  const answer = await whoami(server, headers)
  assert.equal(answer.status, reason === 'store_unavailable' ? 503 : 401, answer.body)
  const { requestId } = answer.json() as { requestId: string }
  const event = await server.event('request.refused', (one) => one.requestId === requestId)
  assert.equal(event.reason, reason)
}

const keyOf = (token: string, user: string): string =>
  `sallyport:{${slotOf(user)}}:session:${digestOf(token)}`

/** Where what no script reads stands in the text of a stored session. */
const PLACES = { createdAt: 0, mfaAt: 2, authenticationMethods: 3, binding: 4, mac: 8 } as const

/** The text of a stored session that says something else in one place. */
function rewritten(stored: Record<string, string>, place: keyof typeof PLACES, value: unknown): string {
  const values: unknown = JSON.parse(stored['rest'] ?? '')
  assert.ok(Array.isArray(values) && values.length === 9)
  return JSON.stringify(values.with(PLACES[place], value))
}

test('ASVS 7.2.1: a record that is written by hand is no session, whoever sealed it', async (t) => {
  const { server, raw } = await attacked(t)
  const { token: own } = await openSession(server, 'bob')
  await openSession(server, 'alice')
  const good = await raw.hgetall(keyOf(own, 'bob'))
  const token = newSessionToken('alice')
  const write = async (fields: Record<string, string>): Promise<void> => {
    await raw.hset(keyOf(token, 'alice'), { ...good, user: 'alice', ...fields })
  }
  await write({})
  await assertRefused(server, bearer(token))
  for (const mac of ['', 'AAAA', randomBytes(32).toString('base64url')]) {
    await write({ rest: rewritten(good, 'mac', mac) })
    await assertRefused(server, bearer(token))
    await assertRefused(server, cookieOf(token))
  }
  await assertIs(server, bearer(own), 'user:bob')
})

test('a record of a session of one’s own cannot be made to say more, and one of another user is of no use', async (t) => {
  const { server, raw } = await attacked(t)
  const [alice, bob] = [await openSession(server, 'alice'), await openSession(server, 'bob')]
  const [theirs, own] = [keyOf(alice.token, 'alice'), keyOf(bob.token, 'bob')]
  const good = await raw.hgetall(own)
  // The whole record of another user, under the digest of one's own token.
  await raw.hset(own, await raw.hgetall(theirs))
  await assertRefused(server, bearer(bob.token))
  const later = String(Date.now() + 1e10)
  const changes: readonly Record<string, string>[] = [
    { user: 'alice' },
    { rest: rewritten(good, 'mfaAt', Date.now()) },
    { rest: rewritten(good, 'authenticationMethods', 'password totp') },
    { expiresAt: later, idleExpiresAt: later },
    { rest: rewritten(good, 'binding', 'address:10.0.0.0/24') },
    { rest: rewritten(good, 'createdAt', 1) },
  ]
  for (const change of changes) {
    await raw.hset(own, { ...good, ...change })
    await assertRefused(server, bearer(bob.token))
  }
  await raw.hset(own, good)
  await assertIs(server, bearer(bob.token), 'user:bob')
})

test('a MAC of another secret seals nothing', async (t) => {
  const { server } = await attacked(t)
  const { token } = await openSession(server, 'alice', {}, 'the-secret-of-another-installation-0123')
  await assertRefused(server, bearer(token))
  await assertRefused(server, cookieOf(token))
})

test('an express session that is written by hand is no credential, whatever it says', async (t) => {
  const { server, raw } = await attacked(t)
  const says = JSON.stringify({
    cookie: { path: '/' },
    user: 'alice',
    passport: { user: 'alice' },
    roles: ['admin'],
  })
  const [token, { token: own }] = [newSessionToken('alice'), await openSession(server, 'bob')]
  for (const one of [token, own]) await raw.set(`sallyport:browser:${digestOf(one)}`, says)
  await assertRefused(server, cookieOf(token))
  await assertRefused(server, cookieOf(token, 'the-secret-of-another-installation-0123'))
  await assertIs(server, cookieOf(own), 'user:bob')
})

/** Everything that a Redis holds, as a copy of yesterday would. */
async function dumped(raw: Redis): Promise<() => Promise<void>> {
  const keys = await raw.keys('*')
  const values = await Promise.all(keys.map(async (key) => raw.dumpBuffer(key)))
  return async () => {
    const pipeline = raw.multi().flushall()
    for (const [at, key] of keys.entries()) pipeline.restore(key, 0, values[at] ?? Buffer.alloc(0))
    await pipeline.exec()
  }
}

test('a user whose epoch was rolled back is not believed: nobody is let in, on record', async (t) => {
  const { server, raw } = await attacked(t)
  const [{ token }, { token: untouched }] = [
    await openSession(server, 'alice'),
    await openSession(server, 'bob'),
  ]
  const key = `sallyport:{${slotOf('alice')}}:user:alice`
  const user = await raw.dumpBuffer(key)
  const epoch = (await server.store.sessions.endAll('alice')) ?? assert.fail()
  await assertRefused(server, bearer(token))
  await server.store.revocations.revoke([{ kind: 'user', user: 'alice', epoch, until: Date.now() + 60_000 }])
  await raw.restore(key, 0, user, 'REPLACE')
  await eventually(async () => (await whoami(server, bearer(token))).status === 503)
  await assertRefused(server, bearer(token), 'store_unavailable')
  await assertIs(server, bearer(untouched), 'user:bob')
  // What was lost is done again, and all is well.
  await server.store.sessions.endAll('alice')
  await assertRefused(server, bearer(token))
  const { token: next } = await openSession(server, 'alice')
  await assertIs(server, bearer(next), 'user:alice')
})

test('a store that was restored from an old copy wakes no session up, and is told anew what had ended', async (t) => {
  const { server, raw } = await attacked(t)
  const [alice, bob, carol] = [
    await openSession(server, 'alice'),
    await openSession(server, 'bob'),
    await openSession(server, 'carol'),
  ]
  const until = Date.now() + 60_000
  // The list has begun before, so that the copy has an epoch to fall back to.
  await server.store.revocations.revoke([{ kind: 'session', digest: '00'.repeat(32), until }])
  const restore = await dumped(raw)
  const epoch = (await server.store.sessions.endAll('alice')) ?? assert.fail()
  await server.store.revocations.revoke([{ kind: 'user', user: 'alice', epoch, until }])
  await server.store.revocations.revoke([{ kind: 'session', digest: bob.digest, until }])
  await server.store.sessions.end(bob.digest, slotOf('bob'))
  await eventually(async () => (await known(server, bob.token)) === 401)
  await restore()
  for (let again = 0; again < 20; again++) {
    assert.equal(await known(server, alice.token), 503)
    assert.equal(await known(server, bob.token), 401)
  }
  await assertIs(server, bearer(carol.token), 'user:carol')
  await eventually(async () => (await raw.zcard('sallyport:{revocations}:by-epoch')) === 3)
})

async function known(server: TestServer, token: string): Promise<number> {
  return (await whoami(server, bearer(token))).status
}

/** Nobody says when a follower has read the list; the time of the test bounds it. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('ends that a failover has lost are put back by the node that saw them, and what ended stays dead', async (t) => {
  const password = randomBytes(24).toString('hex')
  const [primary, atPrimary] = await redisOf(t, { password, settings: ['repl-diskless-sync-delay 0'] })
  const [replica, atReplica] = await redisOf(t, { password })
  const wire = await startTcpProxy(primary.port)
  t.after(() => wire.close())
  const server = await served(t, `redis://:${password}@127.0.0.1:${wire.port}`)
  const [alice, bob, carol] = [
    await openSession(server, 'alice'),
    await openSession(server, 'bob'),
    await openSession(server, 'carol'),
  ]
  // The replica has everything so far, and then falls behind for good.
  await atReplica.config('SET', 'masterauth', password)
  await atReplica.call('REPLICAOF', '127.0.0.1', String(primary.port))
  await eventually(async () => (await atReplica.exists(keyOf(carol.token, 'carol'))) === 1)
  await atReplica.call('REPLICAOF', 'NO', 'ONE')
  const target = { port: server.ports.people ?? 0, ca: server.authority.rootPem }
  const streams = await openStreams({ ...target, headers: bearer(alice.token) }, 3)
  const out = await ask({ ...target, path: '/auth/logout', headers: bearer(alice.token) })
  assert.equal(out.status, 204)
  await Promise.all(streams.map(closedAt))
  const epoch = (await server.store.sessions.endAll('bob')) ?? assert.fail()
  await server.store.revocations.revoke([{ kind: 'user', user: 'bob', epoch, until: Date.now() + 60_000 }])
  await eventually(async () => (await known(server, bob.token)) === 401)
  assert.equal(await atPrimary.zcard('sallyport:{revocations}:by-epoch'), 2)
  // The replica takes over at the same address.
  assert.equal(await atReplica.zcard('sallyport:{revocations}:by-epoch'), 0)
  wire.redirect(replica.port)
  const statuses = new Set<number>()
  await eventually(async () => {
    statuses.add(await known(server, alice.token))
    statuses.add(await known(server, bob.token))
    return (await known(server, carol.token)) === 200
  })
  assert.ok(!statuses.has(200), [...statuses].join())
  await assertRefused(server, bearer(alice.token))
  await assertRefused(server, bearer(bob.token), 'store_unavailable')
  await eventually(async () => (await atReplica.zcard('sallyport:{revocations}:by-epoch')) === 2)
  // A node that starts afterwards knows it, too.
  const late = await served(t, replica.url)
  assert.deepEqual(
    await Promise.all([alice, bob, carol].map(async ({ token }) => known(late, token))),
    [401, 503, 200],
  )
})

test('credentials that cannot be opened, or are of another user, let nobody in', async (t) => {
  const door = await startDoor('redis')
  t.after(async () => door.close())
  const raw = new Redis(door.redis?.url ?? '')
  t.after(() => raw.disconnect())
  const [alice, bob] = [await door.addUser(), await door.addUser()]
  const field = async (name: string): Promise<string> => String(await raw.hget(userKey(name), 'credentials'))
  const good = await field(alice.name)
  const logIn = async (username: string): Promise<number> =>
    (await door.post('/auth/login', { username, password: PASSWORD, token: true })).status
  assert.equal(await logIn(alice.name), 200)
  const half = Math.floor(good.length / 2)
  const flipped = `${good.slice(0, half)}${good[half] === 'A' ? 'B' : 'A'}${good.slice(half + 1)}`
  for (const stored of [await field(bob.name), flipped, good.slice(0, -4), '', 'plain', '{}']) {
    await raw.hset(userKey(alice.name), 'credentials', stored)
    assert.equal(await logIn(alice.name), 401)
  }
  await raw.hset(userKey(alice.name), 'credentials', good)
  assert.equal(await logIn(alice.name), 200)
})

const userKey = (name: string): string => `sallyport:{${slotOf(name)}}:user:${name}`

test('session secrets change without logging anybody out; who drops the old one ends what it sealed', async (t) => {
  const [redis] = await redisOf(t)
  const [old, fresh] = [
    'the-old-secret-of-this-server-0123456789',
    'the-new-secret-of-this-server-0123456789',
  ]
  const before = await served(t, redis.url, { sessionSecrets: [old] })
  const during = await served(t, redis.url, { sessionSecrets: [fresh, old] })
  const { token } = await openSession(before, 'alice', {}, old)
  for (const server of [before, during]) {
    await assertIs(server, bearer(token), 'user:alice')
    await assertIs(server, cookieOf(token, old), 'user:alice')
  }
  const { token: next } = await openSession(during, 'alice', {}, fresh)
  const after = await served(t, redis.url, { sessionSecrets: [fresh] })
  for (const server of [during, after]) {
    await assertIs(server, bearer(next), 'user:alice')
    await assertIs(server, cookieOf(next, fresh), 'user:alice')
  }
  await assertRefused(after, bearer(token))
  await assertRefused(after, cookieOf(token, old))
  // The token in a cookie that the new secret has signed is sealed by the old one still.
  await assertRefused(after, cookieOf(token, fresh))
})
