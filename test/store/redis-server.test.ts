import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test, type TestContext } from 'node:test'
import { inspect, promisify } from 'node:util'
import { Redis } from 'ioredis'
import { Cookie } from 'express-session'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { testAuthority } from '../support/certificates.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { newSession, newUser } from '../support/session-records.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const OPTIONS = { now: Date.now, slotOf }
const HOUR = 60 * 60 * 1_000

let server: RedisServer
before(async () => {
  server = await startRedis()
})
after(() => server.stop())

const isUnavailable = (pattern: RegExp) => (error: unknown) =>
  isSallyportError(error, 'STORE_UNAVAILABLE') && pattern.test(error.message)

async function ownServer(t: TestContext): Promise<RedisServer> {
  const own = await startRedis()
  t.after(() => own.stop())
  return own
}

/** The store, and a connection of the test's own; both are closed however the test ends. */
async function connected(t: TestContext, { url }: RedisServer): Promise<{ store: Store; raw: Redis }> {
  const raw = new Redis(url, { retryStrategy: () => 20, disconnectTimeout: 100 })
  raw.on('error', () => undefined)
  t.after(() => raw.disconnect())
  const store = await openStore(url, OPTIONS)
  t.after(() => store.close())
  return { store, raw }
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

test('keys have the names they are documented with, and a time to live where they can have one', async (t) => {
  const { store, raw } = await connected(t, await ownServer(t))
  const user = newUser()
  const now = Date.now() - 100 * HOUR
  const session = newSession(user, now, { expiresAt: now + HOUR })
  await store.users.create(user)
  await store.sessions.open(session.record, now + 1_000, undefined, now, 20)
  await store.notes.write({ id: 'n', text: 'x', author: 'user:alice', updatedAt: 1 }, { notes: 1, bytes: 1 })
  await new Promise<void>((resolve) =>
    store.browserSessions.set(session.token, { cookie: new Cookie() }, () => resolve()),
  )
  const keys = await raw.keys('*')
  assert.deepEqual(
    keys.toSorted(),
    [
      `sallyport:{${session.slot}}:session:${session.digest}`,
      `sallyport:{${session.slot}}:sessions:${user.name}`,
      `sallyport:{${session.slot}}:user:${user.name}`,
      'sallyport:users',
      'sallyport:{notes}:ids',
      'sallyport:{notes}:note:n',
      'sallyport:{notes}:usage:user:alice',
      `sallyport:browser:${session.digest}`,
    ].toSorted(),
  )
  const ttl = await raw.pttl(`sallyport:{${session.slot}}:session:${session.digest}`)
  assert.ok(ttl > HOUR - 60_000 && ttl <= HOUR, String(ttl))
  await store.sessions.validate(session.digest, session.slot, now + 500)
  assert.ok((await raw.pttl(`sallyport:{${session.slot}}:session:${session.digest}`)) <= HOUR)
  assert.ok((await raw.ttl(`sallyport:browser:${session.digest}`)) > 23 * 3_600)
  for (const key of keys) assert.ok(!key.includes(session.token.slice(9)))
  const values = await Promise.all(
    keys.map(async (key) => ((await raw.type(key)) === 'hash' ? raw.hgetall(key) : raw.dump(key))),
  )
  assert.ok(!inspect(values, { maxStringLength: null, depth: null }).includes(session.token.slice(9)))
  await store.notes.delete('n')
  assert.equal(await raw.exists('sallyport:{notes}:usage:user:alice'), 0)
})

test('scripts that Redis has forgotten are sent again', async (t) => {
  const { store, raw } = await connected(t, server)
  await raw.script('FLUSH')
  assert.equal(await store.users.create(newUser()), true)
})

test('a pending step that this version does not know is no complete session', async (t) => {
  const { store, raw } = await connected(t, server)
  const user = newUser()
  const now = Date.now()
  const session = newSession(user, now)
  await store.users.create(user)
  await store.sessions.open(session.record, now + 1_000, undefined, now, 20)
  await raw.hset(`sallyport:{${session.slot}}:session:${session.digest}`, 'pending', 'something_new')
  assert.equal(await store.sessions.validate(session.digest, session.slot, now), undefined)
})

test('a damaged record is no session', async (t) => {
  const { store, raw } = await connected(t, server)
  const user = newUser()
  const now = Date.now()
  await store.users.create(user)
  for (const field of ['rest', 'pending', 'expiresAt', 'idleTimeout', 'epoch', 'lastSeenAt']) {
    const session = newSession(user, now)
    await store.sessions.open(session.record, now + 1_000, undefined, now, 20)
    await raw.hdel(`sallyport:{${session.slot}}:session:${session.digest}`, field)
    const live = await store.sessions.validate(session.digest, session.slot, now).catch((error: unknown) => {
      assert.ok(isSallyportError(error, 'STORE_UNAVAILABLE'))
    })
    assert.equal(live, undefined, field)
  }
})

test('connecting fails with what is wrong and where, and never with the password', async () => {
  const { port, password } = server
  const attempts: [string, RegExp][] = [
    [`redis://:hunter2@127.0.0.1:${port}`, /cannot use Redis at 127\.0\.0\.1:\d+: WRONGPASS/],
    [`redis://bob:hunter2@127.0.0.1:${port}`, /WRONGPASS/],
    [`redis://127.0.0.1:${port}`, /NOAUTH/],
    [`redis://:${password}@127.0.0.1:${port}/99`, /DB index is out of range/],
    ['redis://:hunter2@127.0.0.1:1', /cannot use Redis at 127\.0\.0\.1:1: .*ECONNREFUSED/],
  ]
  for (const [location, pattern] of attempts)
    await assert.rejects(openStore(location, OPTIONS), (error) => {
      const said = inspect(error, { depth: null, showHidden: true })
      assert.ok(!said.includes('hunter2') && !said.includes(password), said)
      return isUnavailable(pattern)(error)
    })
})

test('a location that is not understood is refused without repeating it', async () => {
  const locations = [
    'redis://:hunter2@127.0.0.1:1?enableOfflineQueue=true',
    'redis://:hunter2@127.0.0.1:1/0#x',
    'redis://:hunter2@127.0.0.1:1/name',
    'redis://:hunter2@127.0.0.1:99999',
    'redis://:hunter2%zz@127.0.0.1:1',
    'redis://',
    'mysql://:hunter2@127.0.0.1:1',
    'hunter2',
    '',
  ]
  for (const location of locations)
    await assert.rejects(
      openStore(location, OPTIONS),
      (error) =>
        isSallyportError(error, 'CONFIGURATION_INVALID') &&
        !inspect(error, { depth: null }).includes('hunter2'),
      location,
    )
})

test('a frozen Redis is unavailable within a second, for every part of the store, and then goes on', async (t) => {
  const own = await ownServer(t)
  const { store } = await connected(t, own)
  const browser = (): Promise<void> =>
    new Promise((resolve, reject) =>
      store.browserSessions.get('id', (error) => (error ? reject(error) : resolve())),
    )
  own.pause()
  const calls: (() => Promise<unknown>)[] = [
    () => store.ping(),
    () => store.users.find('alice'),
    () => store.sessions.validate('0', '0000', 1),
    () => store.sessions.end('0', '0000'),
    () => store.notes.list(1),
    browser,
  ]
  for (const call of calls)
    assert.ok((await took(() => assert.rejects(call, isUnavailable(/timed out|isn't writeable/)))) < 1_000)
  own.resume()
  await answers(store)
})

test('a killed Redis is unavailable at once, nothing is sent twice, and a new one is found again', async (t) => {
  const own = await ownServer(t)
  const { store } = await connected(t, own)
  own.pause()
  const inFlight = assert.rejects(store.users.create(newUser()), isUnavailable(/Redis at/))
  await own.stop()
  await inFlight
  for (let at = 0; at < 3; at++)
    assert.ok((await took(() => assert.rejects(store.ping(), isUnavailable(/does not answer/)))) < 300)
  const back = await startRedis(own)
  t.after(() => back.stop())
  await answers(store)
  assert.deepEqual(await store.users.list(), [])
})

test('a command whose connection broke before it ran is not sent again', async (t) => {
  const { store, raw } = await connected(t, await ownServer(t))
  const user = newUser()
  await raw.call('CLIENT', 'PAUSE', '10000', 'WRITE')
  const inFlight = assert.rejects(store.users.create(user), isUnavailable(/Redis at/))
  await raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await raw.call('CLIENT', 'UNPAUSE')
  await inFlight
  await answers(store)
  assert.equal(await store.users.find(user.name), undefined)
})

test('errors of commands do not carry what was sent', async (t) => {
  const { store, raw } = await connected(t, server)
  const user = newUser()
  await raw.set(`sallyport:{${slotOf(user.name)}}:user:${user.name}`, 'not a hash')
  const change = { credentials: 'the-secret-hash', endSessions: true }
  const said = await store.users.update(user.name, change, 0).then(
    () => assert.fail('it should not be possible'),
    (error: unknown) => inspect(error, { depth: null, showHidden: true }),
  )
  assert.match(said, /WRONGTYPE/)
  assert.ok(!said.includes('the-secret-hash'), said)
})

async function answers(store: Store): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isBack = await store.ping().then(
      () => true,
      () => false,
    )
    if (isBack) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail('the store did not come back')
}

test('ASVS 12.3.1: who asks for TLS is not served without it', async () => {
  assert.match(server.url, /^redis:/)
  const secure = server.url.replace(/^redis:/, 'rediss:')
  await assert.rejects(openStore(secure, OPTIONS), isUnavailable(/cannot use Redis/))
})

test('ASVS 12.3.2: over TLS the certificate of Redis is verified', async (t) => {
  const authority = await testAuthority(await temporaryDirectory(t))
  const tls = { certificate: authority.serverFiles.certificate, key: authority.serverFiles.key }
  const own = await startRedis({ tls })
  t.after(() => own.stop())
  assert.match(own.url, /^rediss:/)
  await assert.rejects(openStore(own.url, OPTIONS), isUnavailable(/self-signed|unable to (?:get|verify)/))
  const script = `
    const { openStore } = await import(${JSON.stringify(import.meta.resolve('../../src/store/open.ts'))})
    const store = await openStore(process.argv[1], { now: Date.now, slotOf: () => '0000' })
    await store.ping()
    await store.close()
    console.log('verified')`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script, own.url],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: authority.files.root } },
  )
  assert.equal(stdout, 'verified\n')
})
