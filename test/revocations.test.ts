import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { Redis } from 'ioredis'
import { revocationName, type Revoked, type RevokedCertificate } from '../src/auth/revocation.ts'
import { slotOf } from '../src/auth/session-token.ts'
import { isSallyportError } from '../src/errors.ts'
import { followRevocations, type RevocationFollower } from '../src/revocations.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { startRedis, type RedisServer } from './support/redis.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const HOUR = 3_600_000
const FRESH_FOR = 30_000
const OPTIONS = { now: Date.now, slotOf }
const revoked = (until = Date.now() + HOUR): RevokedCertificate => ({
  kind: 'certificate',
  issuer: randomBytes(32).toString('hex'),
  serial: randomBytes(16).toString('hex').toUpperCase(),
  until,
})

/** What a follower has told, and a way to wait until something holds. */
interface Followed {
  /** What was told to be new, in order. */
  readonly told: Revoked[]
  readonly follower: RevocationFollower
  readonly problems: unknown[]
  readonly epochs: number[]
  readonly changes: () => number
  knows(...entries: readonly RevokedCertificate[]): boolean
  /** Resolves when this holds, looked at whenever the follower says anything. */
  until(holds: () => boolean): Promise<void>
}

interface Clocks {
  now: () => number
  elapsed: () => number
}

const REAL: Clocks = { now: Date.now, elapsed: () => performance.now() }

function followed(t: TestContext, store: Store, clocks: Clocks = REAL): Followed {
  const waiting = new Set<() => void>()
  const [problems, epochs, told]: [unknown[], number[], Revoked[]] = [[], [], []]
  let changes = 0
  const look = (): void => {
    for (const wake of waiting) wake()
  }
  const changed = (): void => {
    changes += 1
    look()
  }
  const follower = followRevocations({
    store: store.revocations,
    ...clocks,
    freshFor: FRESH_FOR,
    onRevoked(entries) {
      told.push(...entries)
      changed()
    },
    onStale: changed,
    onRead: (epoch) => {
      epochs.push(epoch)
      look()
    },
    onProblem: (error) => {
      problems.push(error)
      look()
    },
  })
  t.after(() => follower.close())
  return {
    follower,
    told,
    problems,
    epochs,
    changes: () => changes,
    knows: (...entries) => entries.every((entry) => follower.isRevoked(revocationName(entry))),
    until: async (holds) =>
      new Promise((resolve) => {
        const wake = (): void => {
          if (!holds()) return
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
        wake()
      }),
  }
}

async function opened(t: TestContext, location: string): Promise<Store> {
  const store = await openStore(location, OPTIONS)
  t.after(async () => store.close())
  return store
}

async function sqlite(t: TestContext): Promise<{ path: string; open: () => Promise<Store> }> {
  const path = join(await temporaryDirectory(t), 'store.db')
  return { path, open: async () => opened(t, `sqlite:${path}`) }
}

async function redis(t: TestContext): Promise<RedisServer> {
  const server = await startRedis()
  t.after(async () => server.stop())
  return server
}

async function withRedis(server: RedisServer, work: (raw: Redis) => Promise<unknown>): Promise<void> {
  const raw = new Redis(server.url)
  try {
    await work(raw)
  } finally {
    raw.disconnect()
  }
}

test('everything that was revoked before is known when it has started', async (t) => {
  const { open } = await sqlite(t)
  const [one, two] = [revoked(), revoked()]
  const store = await open()
  await store.revocations.revoke([one])
  await store.revocations.revoke([two])
  const { follower, knows, epochs } = followed(t, await open())
  assert.equal(follower.isFresh(), false)
  await follower.start()
  assert.ok(knows(one, two) && follower.isFresh())
  assert.equal(knows(revoked()), false)
  assert.deepEqual(epochs, [2])
})

test('what another process revokes is known without an announcement', async (t) => {
  const { open } = await sqlite(t)
  const { follower, knows, until, changes } = followed(t, await open())
  await follower.start()
  const entries = Array.from({ length: 20 }, () => revoked())
  const other = await open()
  await Promise.all(entries.map(async (entry) => other.revocations.revoke([entry])))
  await until(() => knows(...entries))
  assert.ok(changes() >= 1)
})

test('of a user the highest epoch counts, whatever is told later, and only what is news is told', async (t) => {
  const { open } = await sqlite(t)
  const store = await open()
  const { follower, told, epochs, until } = followed(t, store)
  await follower.start()
  const ends = Date.now() + HOUR
  const alice = (epoch: number, more = 0): Revoked => ({
    kind: 'user',
    user: 'alice',
    epoch,
    until: ends + more,
  })
  assert.equal(follower.leastEpochOf('alice'), 0)
  for (const [at, entry] of [alice(4), alice(6), alice(5), alice(6), alice(2, 1)].entries()) {
    await store.revocations.revoke([entry])
    await until(() => epochs.at(-1) === at + 1)
  }
  assert.equal(follower.leastEpochOf('alice'), 6)
  assert.equal(follower.leastEpochOf('bob'), 0)
  // The last one has a later end.
  assert.deepEqual(told, [alice(4), alice(6), alice(6, 1)])
})

test('an epoch of a user that a store has lost is put back, also where a lower one is left', async (t) => {
  const { path, open } = await sqlite(t)
  const store = await open()
  const { follower, epochs, until } = followed(t, store)
  await follower.start()
  const ends = Date.now() + HOUR
  const entries = [4, 6].map((epoch): Revoked => ({ kind: 'user', user: 'alice', epoch, until: ends }))
  for (const entry of entries) await store.revocations.revoke([entry])
  await until(() => epochs.at(-1) === 2)
  const raw = new DatabaseSync(path)
  raw.exec(
    `DELETE FROM revocations WHERE member LIKE 'user:alice:6:%'; UPDATE revocation_state SET epoch = 1`,
  )
  raw.close()
  await until(() => (epochs.at(-1) ?? 0) > 2)
  assert.deepEqual(new Set((await store.revocations.read(0)).entries), new Set(entries))
  assert.equal(follower.leastEpochOf('alice'), 6)
})

for (const engine of ['sqlite', 'redis'] as const)
  test(`whether a user is disabled is what was told under the highest epoch, on ${engine}`, async (t) => {
    const open =
      engine === 'sqlite'
        ? (await sqlite(t)).open
        : await redis(t).then(
            ({ url }) =>
              async () =>
                opened(t, url),
          )
    const store = await open()
    const { follower, told, epochs, until } = followed(t, store)
    await follower.start()
    const ends = Date.now() + HOUR
    const account = (epoch: number, disabled: boolean, user = 'alice'): Revoked => ({
      kind: 'account',
      user,
      epoch,
      disabled,
      until: ends,
    })
    assert.equal(follower.isDisabled('alice'), false)
    const steps: readonly (readonly [Revoked, boolean])[] = [
      [account(3, true), true],
      [{ kind: 'user', user: 'alice', epoch: 9, until: ends }, true],
      [account(5, false), false],
      [account(4, true), false],
      [account(6, true), true],
      [account(6, false), true],
      [account(7, false, 'corp.example/alice'), true],
      [account(8, true, 'alice2'), true],
      [account(7, false), false],
    ]
    for (const [at, [entry, disabled]] of steps.entries()) {
      await store.revocations.revoke([entry])
      await until(() => epochs.at(-1) === at + 1)
      assert.equal(follower.isDisabled('alice'), disabled, `step ${at}`)
    }
    assert.deepEqual(
      told,
      [0, 1, 2, 4, 6, 7, 8].flatMap((at) => steps[at]?.[0] ?? []),
    )
    const late = followed(t, await open())
    await late.follower.start()
    const names = ['alice', 'alice2', 'corp.example/alice']
    assert.deepEqual(names.map(late.follower.isDisabled), [false, true, false])
  })

test('that a user is disabled is put back where a store has lost it, and who enables goes on', async (t) => {
  const server = await redis(t)
  const store = await opened(t, server.url)
  const { follower, epochs, until } = followed(t, store)
  await follower.start()
  const ends = Date.now() + HOUR
  const [disabled, enabled] = [true, false].map((state, at): Revoked => ({
    kind: 'account',
    user: 'alice',
    epoch: at + 1,
    disabled: state,
    until: ends,
  }))
  assert.ok(disabled && enabled)
  await store.revocations.revoke([disabled])
  await until(() => follower.isDisabled('alice'))
  await withRedis(server, async (raw) => raw.flushall())
  await until(() => (epochs.at(-1) ?? 0) > 1)
  assert.deepEqual((await store.revocations.read(0)).entries, [disabled])
  assert.equal(follower.isDisabled('alice'), true)
  await store.revocations.revoke([enabled])
  await until(() => !follower.isDisabled('alice'))
})

test('a certificate that has ended by itself is forgotten, and never told of', async (t) => {
  const { open } = await sqlite(t)
  let ahead = 0
  const clocks = { now: () => Date.now() + ahead, elapsed: () => performance.now() }
  const store = await open()
  const { follower, knows, until, changes, epochs } = followed(t, store, clocks)
  const [ended, ending] = [revoked(Date.now() - 1), revoked()]
  await follower.start()
  await store.revocations.revoke([ended])
  await until(() => epochs.at(-1) === 1)
  assert.deepEqual([knows(ended), changes()], [false, 0])
  await store.revocations.revoke([ending])
  await until(() => knows(ending))
  ahead = 2 * HOUR
  await store.revocations.revoke([revoked(Date.now() + 3 * HOUR)])
  await until(() => epochs.at(-1) === 3)
  assert.equal(knows(ending), false)
})

test('the list is fresh for 30 s after it was asked for, on the clock that says so first', async (t) => {
  const { open } = await sqlite(t)
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const clocks = { now: 0, elapsed: 0 }
  const { follower } = followed(t, await open(), { now: () => clocks.now, elapsed: () => clocks.elapsed })
  await follower.start()
  const isFreshAfter = (now: number, elapsed: number): boolean => {
    Object.assign(clocks, { now, elapsed })
    return follower.isFresh()
  }
  assert.equal(isFreshAfter(FRESH_FOR - 1, FRESH_FOR - 1), true)
  assert.equal(isFreshAfter(0, FRESH_FOR), false)
  assert.equal(isFreshAfter(FRESH_FOR, 0), false)
})

test('a store that cannot be read keeps it from starting', async (t) => {
  const { open } = await sqlite(t)
  const store = await open()
  await store.close()
  const { follower } = followed(t, store)
  await assert.rejects(follower.start(), (error) => isSallyportError(error, 'STORE_UNAVAILABLE'))
  assert.equal(follower.isFresh(), false)
})

test('who is cut off says so once, judges everybody anew when the time is over, and goes on when it can', async (t) => {
  const server = await redis(t)
  const clocks = { ahead: 0 }
  const elapsed = () => performance.now() + clocks.ahead
  const { follower, problems, until, changes, epochs } = followed(t, await opened(t, server.url), {
    now: Date.now,
    elapsed,
  })
  await follower.start()
  server.pause()
  await until(() => problems.length === 1)
  assert.ok(follower.isFresh())
  assert.equal(changes(), 0)
  clocks.ahead = FRESH_FOR
  assert.equal(follower.isFresh(), false)
  await until(() => changes() === 1)
  const read = epochs.length
  server.resume()
  await until(() => epochs.length > read)
  assert.ok(follower.isFresh())
  assert.deepEqual([problems.length, changes()], [1, 1])
})

test('a message is heard at once, also by who could not subscribe at first', async (t) => {
  const server = await redis(t)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { follower, knows, until } = followed(t, await opened(t, server.url))
  await follower.start()
  const store = await opened(t, server.url)
  const [one, two] = [revoked(), revoked()]
  await store.revocations.revoke([one])
  await until(() => knows(one))
  await withRedis(server, async (raw) => raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub'))
  await store.revocations.revoke([two])
  await until(() => knows(two))
})

test('what Redis loses is put back by who has seen it, for those who start afterwards', async (t) => {
  const first = await redis(t)
  const store = await opened(t, first.url)
  const one = followed(t, store)
  await one.follower.start()
  const [seen, later] = [revoked(), revoked()]
  await store.revocations.revoke([seen])
  await one.until(() => one.knows(seen))
  await first.stop()
  await one.until(() => one.problems.length > 0)
  const read = one.epochs.length
  const back = await startRedis(first)
  t.after(async () => back.stop())
  await one.until(() => one.epochs.length > read)
  const two = followed(t, await opened(t, back.url))
  await two.follower.start()
  assert.ok(one.knows(seen) && two.knows(seen))
  await store.revocations.revoke([later])
  await Promise.all([one, two].map(async (node) => node.until(() => node.knows(seen, later))))
})

test('what one lost and another did not is put together', async (t) => {
  const server = await redis(t)
  const stores = [await opened(t, server.url), await opened(t, server.url)] as const
  const nodes = stores.map((store) => followed(t, store))
  await Promise.all(nodes.map(async ({ follower }) => follower.start()))
  const [before, between] = [revoked(), revoked()]
  await stores[0].revocations.revoke([before])
  await Promise.all(nodes.map(async (node) => node.until(() => node.knows(before))))
  await withRedis(server, async (raw) => raw.flushall())
  await stores[1].revocations.revoke([between])
  await Promise.all(nodes.map(async (node) => node.until(() => node.knows(before, between))))
  const reading = await stores[0].revocations.read(0)
  assert.equal(reading.entries.length, 2)
})

const rollBacks: Record<string, (raw: Redis) => Promise<unknown>> = {
  'rolled back': async (raw) => raw.hset('sallyport:{revocations}:state', 'epoch', 1),
  'made nonsense': async (raw) => raw.hset('sallyport:{revocations}:state', 'epoch', 'many'),
  'made too large to be counted': async (raw) => raw.hset('sallyport:{revocations}:state', 'epoch', '1e300'),
  deleted: async (raw) => raw.del('sallyport:{revocations}:state'),
}
for (const [what, rollBack] of Object.entries(rollBacks))
  test(`an epoch that somebody has ${what} is healed, and costs no reader a revocation`, async (t) => {
    const server = await redis(t)
    const store = await opened(t, server.url)
    const nodes = [followed(t, store), followed(t, await opened(t, server.url))]
    await Promise.all(nodes.map(async ({ follower }) => follower.start()))
    const entries = [revoked(), revoked(), revoked()]
    for (const entry of entries) await store.revocations.revoke([entry])
    await Promise.all(nodes.map(async (node) => node.until(() => node.epochs.at(-1) === 3)))
    await withRedis(server, rollBack)
    const after = revoked()
    await store.revocations.revoke([after])
    await Promise.all(nodes.map(async (node) => node.until(() => node.knows(after, ...entries))))
    await Promise.all(nodes.map(async (node) => node.until(() => (node.epochs.at(-1) ?? 0) > 3)))
    assert.equal((await store.revocations.read(0)).entries.length, 4)
    for (const { problems } of nodes) assert.deepEqual(problems, [])
  })

test('an entry that cannot be read is an outage, not a list without it', async (t) => {
  const server = await redis(t)
  const { follower, until, problems } = followed(t, await opened(t, server.url))
  await follower.start()
  await withRedis(server, async (raw) => {
    await raw.zadd('sallyport:{revocations}:by-epoch', 1, 'nonsense')
    await raw.hset('sallyport:{revocations}:state', 'epoch', 1)
  })
  await until(() => problems.length === 1)
  assert.ok(isSallyportError(problems[0], 'STORE_UNAVAILABLE'))
})

test('what a replica says is not believed', async (t) => {
  const [primary, replica] = [await redis(t), await redis(t)]
  const { follower, until, problems } = followed(t, await opened(t, replica.url))
  await follower.start()
  await withRedis(replica, async (raw) => {
    await raw.config('SET', 'masterauth', primary.password)
    await raw.call('REPLICAOF', '127.0.0.1', String(primary.port))
  })
  await until(() => problems.length === 1)
  assert.match(String(problems[0]), /replica/)
})

test('a database that was put back from a copy is healed', async (t) => {
  const { open, path } = await sqlite(t)
  const { follower, knows, until, epochs } = followed(t, await open())
  await follower.start()
  const entry = revoked()
  await (await open()).revocations.revoke([entry])
  await until(() => knows(entry))
  const raw = new DatabaseSync(path, { timeout: 2_000 })
  raw.exec('BEGIN IMMEDIATE; DELETE FROM revocations; UPDATE revocation_state SET epoch = 0; COMMIT')
  raw.close()
  await until(() => epochs.at(-1) === 2)
  assert.ok(knows(entry))
  assert.deepEqual((await (await open()).revocations.read(0)).entries, [entry])
})
