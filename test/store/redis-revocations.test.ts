import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import type { RevokedCertificate } from '../../src/auth/revocation.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'

const HOUR = 3_600_000
const revoked = (): RevokedCertificate => ({
  kind: 'certificate',
  issuer: randomBytes(32).toString('hex'),
  serial: randomBytes(16).toString('hex').toUpperCase(),
  until: Date.now() + HOUR,
})
const isUnavailable = (pattern: RegExp) => (error: unknown) =>
  isSallyportError(error, 'STORE_UNAVAILABLE') && pattern.test(error.message)

async function redis(t: TestContext): Promise<RedisServer> {
  const server = await startRedis()
  t.after(async () => server.stop())
  return server
}

async function opened(t: TestContext, location: string): Promise<Store> {
  const store = await openStore(location, { now: Date.now, slotOf })
  t.after(async () => store.close())
  return store
}

function rawOf(t: TestContext, { url }: RedisServer): Redis {
  const raw = new Redis(url)
  t.after(() => raw.disconnect())
  return raw
}

/** A replica that has all that the primary has. */
async function replicaOf(t: TestContext, primary: RedisServer): Promise<{ server: RedisServer; raw: Redis }> {
  const server = await redis(t)
  const raw = rawOf(t, server)
  const above = rawOf(t, primary)
  await above.config('SET', 'repl-diskless-sync-delay', '0')
  await raw.config('SET', 'masterauth', primary.password)
  await raw.call('REPLICAOF', '127.0.0.1', String(primary.port))
  // Nobody says when; the time of the test bounds it.
  while (!(await above.info('replication')).includes('state=online'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  return { server, raw }
}

test('the keys share a hash slot, have the names they are documented with, and no time to live', async (t) => {
  const server = await redis(t)
  const store = await opened(t, server.url)
  await store.revocations.revoke([revoked()])
  const raw = rawOf(t, server)
  const keys = await raw.keys('*')
  assert.deepEqual(keys.toSorted(), [
    'sallyport:{revocations}:by-end',
    'sallyport:{revocations}:by-epoch',
    'sallyport:{revocations}:state',
  ])
  for (const key of keys) assert.equal(await raw.ttl(key), -1)
  const slots = await Promise.all(keys.map(async (key) => key.slice(key.indexOf('{'), key.indexOf('}'))))
  assert.equal(new Set(slots).size, 1)
})

test('a revocation is with a replica when it is done', async (t) => {
  const primary = await redis(t)
  const { raw } = await replicaOf(t, primary)
  const store = await opened(t, primary.url)
  const entry = revoked()
  // As the error says: a machine that is busy may need a second time.
  const attempt = async (left: number): Promise<void> =>
    store.revocations.revoke([entry]).catch(async (error: unknown) => {
      if (left === 0) throw error
      return attempt(left - 1)
    })
  await attempt(20)
  assert.equal(await raw.zcard('sallyport:{revocations}:by-epoch'), 1)
})

test('a replica that does not answer is said, and the revocation is in force all the same', async (t) => {
  const primary = await redis(t)
  const { server } = await replicaOf(t, primary)
  const store = await opened(t, primary.url)
  server.pause()
  const entry = revoked()
  await assert.rejects(
    store.revocations.revoke([entry]),
    isUnavailable(/is in force, but no replica had it within 100 ms: repeat it/),
  )
  assert.deepEqual((await store.revocations.read(0)).entries, [entry])
  server.resume()
})

test('a replica that takes over is another run', async (t) => {
  const primary = await redis(t)
  const { server, raw } = await replicaOf(t, primary)
  const before = await (await opened(t, primary.url)).revocations.read(0)
  await raw.call('REPLICAOF', 'NO', 'ONE')
  const after = await (await opened(t, server.url)).revocations.read(0)
  assert.notEqual(after.run, before.run)
})

test('a connection that turns out to be to a replica reads nothing more', async (t) => {
  const [server, primary] = [await redis(t), await redis(t)]
  const store = await opened(t, server.url)
  await store.revocations.read(0)
  const raw = rawOf(t, server)
  await raw.config('SET', 'masterauth', primary.password)
  await raw.call('REPLICAOF', '127.0.0.1', String(primary.port))
  await assert.rejects(store.revocations.read(0), isUnavailable(/replica/))
  await assert.rejects(store.revocations.revoke([revoked()]), isUnavailable(/does not answer/))
})

test('a great many are revoked at once, and nobody else waits for it', async (t) => {
  const server = await redis(t)
  const store = await opened(t, server.url)
  const raw = rawOf(t, server)
  await raw.config('SET', 'slowlog-log-slower-than', '200000')
  const certificates = Array.from({ length: 100_000 }, revoked)
  await store.revocations.revoke(certificates)
  assert.equal((await store.revocations.read(0)).entries.length, certificates.length)
  assert.equal(await raw.slowlog('LEN'), 0, 'no command takes longer than 200 ms')
})

test('who may not announce revokes all the same', async (t) => {
  const server = await redis(t)
  const raw = rawOf(t, server)
  await raw.call('ACL', 'SETUSER', 'quiet', 'on', '>secret', '~*', 'resetchannels', '+@all')
  const location = `redis://quiet:secret@127.0.0.1:${server.port}`
  const store = await opened(t, location)
  store.revocations.subscribe(() => assert.fail('it may not subscribe'))
  const entry = revoked()
  await store.revocations.revoke([entry])
  assert.deepEqual((await store.revocations.read(0)).entries, [entry])
})

test('what is no certificate is not revoked, and poisons nothing', async (t) => {
  const store = await opened(t, (await redis(t)).url)
  for (const wrong of [
    { issuer: 'ab:cd' },
    { serial: 'ab' },
    { serial: '' },
    { until: Infinity },
    { until: -1 },
  ])
    await assert.rejects(store.revocations.revoke([{ ...revoked(), ...wrong }]), TypeError)
  assert.deepEqual((await store.revocations.read(0)).entries, [])
})

test('a frozen Redis is unavailable within a second', async (t) => {
  const server = await redis(t)
  const store = await opened(t, server.url)
  server.pause()
  const started = performance.now()
  await assert.rejects(store.revocations.read(0), isUnavailable(/timed out/))
  await assert.rejects(store.revocations.revoke([revoked()]), isUnavailable(/timed out/))
  assert.ok(performance.now() - started < 1_000)
  server.resume()
})
