import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import type { User } from '../../src/login/user.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { newSession, newUser, type TestSession } from '../support/session-records.ts'

const MOST = 4
const LIFE = 60_000

let server: RedisServer
before(async () => {
  server = await startRedis()
})
after(() => server.stop())

interface Place {
  readonly store: Store
  readonly raw: Redis
  opened(user: User, now: number, fields?: Parameters<typeof newSession>[2]): Promise<TestSession>
}

async function place(t: TestContext, { url }: RedisServer = server): Promise<Place> {
  const raw = new Redis(url)
  raw.on('error', () => undefined)
  const store = await openStore(url, { now: Date.now, slotOf })
  t.after(async () => {
    raw.disconnect()
    await store.close()
  })
  return {
    store,
    raw,
    async opened(user, now, fields = {}) {
      const session = newSession(user, now, { expiresAt: now + LIFE, idleTimeout: LIFE, ...fields })
      assert.ok(await store.sessions.open(session.record, now + LIFE, undefined, now, MOST))
      return session
    },
  }
}

function indexOf({ name }: User): string {
  return `sallyport:{${slotOf(name)}}:sessions:${name}`
}

test('the index of a user holds what is live and is bounded, and every key has a time to live', async (t) => {
  const { store, raw, opened } = await place(t)
  const user = newUser()
  await store.users.create(user)
  let epoch = 0
  for (let at = 0; at < 100; at++) {
    const now = Date.now() + at
    const pending = at % 3 === 0 ? 'second_factor' : null
    await opened({ ...user, epoch }, now, { pending, expiresAt: now + LIFE + at })
    if (at % 17 === 0) epoch = (await store.sessions.endAll(user.name)) ?? assert.fail()
    assert.ok((await raw.zcard(indexOf(user))) <= 2 * MOST)
  }
  const keys = await raw.keys(`sallyport:{${slotOf(user.name)}}:session*`)
  assert.equal(keys.length, (await raw.zcard(indexOf(user))) + 1)
  for (const key of keys) {
    const life = await raw.pttl(key)
    assert.ok(life > 0 && life <= LIFE + 200, `${key} ${life}`)
  }
  const lives = await Promise.all(keys.map((key) => raw.pttl(key)))
  assert.ok((await raw.pttl(indexOf(user))) >= Math.max(...lives) - 50, 'the index outlives its sessions')
})

test('the index goes with its last session', async (t) => {
  const { store, raw, opened } = await place(t)
  const user = newUser()
  await store.users.create(user)
  const { digest, slot } = await opened(user, Date.now())
  assert.equal(await raw.zcard(indexOf(user)), 1)
  await store.sessions.end(digest, slot)
  assert.equal(await raw.exists(indexOf(user)), 0)
})

test('what somebody wrote into the index or a record stops nobody from logging in, and is in no list', async (t) => {
  const { store, raw, opened } = await place(t)
  const user = newUser()
  await store.users.create(user)
  const now = Date.now()
  const key = (digest: string): string => `sallyport:{${slotOf(user.name)}}:session:${digest}`
  await raw.zadd(indexOf(user), 1, 'no-such-record', 2, 'without-times', 3, 'without-mac')
  await raw.hset(key('without-times'), { user: user.name, epoch: 0 })
  await raw.hset(key('without-mac'), {
    user: user.name,
    epoch: 0,
    idleExpiresAt: now + 9e6,
    expiresAt: now + 9e6,
  })
  assert.deepEqual(await store.sessions.list(user.name, now), [])
  const { digest } = await opened(user, now)
  assert.deepEqual(
    (await store.sessions.list(user.name, now)).map(({ record }) => record.digest),
    [digest],
  )
  assert.equal(await raw.zscore(indexOf(user), 'no-such-record'), null)
  assert.equal(await raw.exists(key('without-times')), 0)
})

test('in a store that is full sessions are checked, listed and ended, and none is opened', async (t) => {
  const own = await startRedis()
  t.after(() => own.stop())
  const { store, raw, opened } = await place(t, own)
  const user = newUser()
  await store.users.create(user)
  const now = Date.now()
  const [one, two] = [await opened(user, now), await opened(user, now)]
  await raw.config('SET', 'maxmemory', '1mb')
  await assert.rejects(raw.set('more', 'x'), /OOM/)
  await assert.rejects(
    store.sessions.open(newSession(user, now).record, now + LIFE, undefined, now, MOST),
    (error) => isSallyportError(error, 'STORE_UNAVAILABLE'),
  )
  assert.ok(await store.sessions.validate(one.digest, one.slot, now + 1))
  assert.equal((await store.sessions.list(user.name, now)).length, 2)
  assert.equal(await store.sessions.end(one.digest, one.slot), true)
  assert.equal(await store.sessions.validate(one.digest, one.slot, now), undefined)
  assert.equal(await store.sessions.endAll(user.name), 1)
  assert.equal(await store.sessions.validate(two.digest, two.slot, now), undefined)
})

test('a session that may not be opened changes nothing, nor does one that cannot be', async (t) => {
  const { store, raw, opened } = await place(t)
  const user = newUser()
  await store.users.create(user)
  const now = Date.now()
  const old = await opened(user, now)
  const kept = await raw.dump(indexOf(user))
  const wrong = newSession({ ...user, epoch: 7 }, now)
  assert.equal(await store.sessions.open(wrong.record, now + LIFE, old.digest, now, MOST), undefined)
  assert.equal(await store.sessions.open(old.record, now + LIFE, undefined, now, MOST), undefined)
  assert.deepEqual(await raw.dump(indexOf(user)), kept)
})

test('times that are none, written by hand, are no session and no entry, and hide no other', async (t) => {
  const { store, raw, opened } = await place(t)
  const user = newUser()
  await store.users.create(user)
  const now = Date.now()
  const [good, bad] = [await opened(user, now), await opened(user, now + 1)]
  await raw.hset(`sallyport:{${bad.slot}}:session:${bad.digest}`, 'lastSeenAt', '9000000000000000')
  const listed = await store.sessions.list(user.name, now + 2)
  assert.deepEqual(
    listed.map(({ record }) => record.digest),
    [good.digest],
  )
  const history = { at: now, event: 'login', address: '', userAgent: '' } as const
  await store.histories.add(user.name, history)
  const key = `sallyport:{${slotOf(user.name)}}:history:${user.name}`
  for (const text of [
    'not json',
    '[]',
    'null',
    '["1","login","",""]',
    '[9e15,"login","",""]',
    '[1,"toString","",""]',
  ])
    await raw.lpush(key, text)
  assert.deepEqual(await store.histories.list(user.name), [history])
})
