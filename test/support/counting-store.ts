import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { elapseInRedis } from './elapse.ts'
import type { Engine } from './login-door.ts'
import { startRedis, type RedisServer } from './redis.ts'

/** A store of its own, and a clock for its counters. */
export interface CountingStore {
  readonly store: Store
  readonly location: string
  /** There on Redis. */
  readonly redis: RedisServer | undefined
  now(): number
  /** Lets time pass, for the counters. */
  elapse(ms: number): Promise<void>
  /** Every counter that is stored: its name, and how long it will be there, in ms; -1 for ever. */
  counters(): Promise<ReadonlyMap<string, number>>
  close(): Promise<void>
}

/** @param settings of Redis */
export async function startCounting(
  engine: Engine,
  settings: readonly string[] = [],
): Promise<CountingStore> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-counters-'))
  const redis = engine === 'redis' ? await startRedis({ settings }) : undefined
  const path = join(directory, 'store.db')
  const location = redis?.url ?? `sqlite:${path}`
  let offset = 0
  const now = (): number => Date.now() + offset
  const store = await openStore(location, { now, slotOf })
  return {
    store,
    location,
    redis,
    now,
    async elapse(ms) {
      offset += ms
      if (redis !== undefined) await elapseInRedis(redis.url, ms)
    },
    counters: () => (redis === undefined ? countersIn(path, now()) : countersOf(redis.url)),
    async close() {
      await store.close()
      await redis?.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

async function countersIn(path: string, now: number): Promise<ReadonlyMap<string, number>> {
  const database = new DatabaseSync(path)
  const rows = database.prepare('SELECT key, expires_at FROM rate_limits').all()
  database.close()
  return new Map(rows.map((row) => [String(row['key']), Number(row['expires_at']) - now]))
}

async function countersOf(url: string): Promise<ReadonlyMap<string, number>> {
  const redis = new Redis(url)
  try {
    const keys = await redis.keys('*throttle:*')
    return new Map(await Promise.all(keys.map(async (key) => [key, await redis.pttl(key)] as const)))
  } finally {
    redis.disconnect()
  }
}
