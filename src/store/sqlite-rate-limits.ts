import { RateLimiterRes, RateLimiterSQLite } from 'rate-limiter-flexible'
import type { RateLimit, RateLimits } from '../login/rate-limits.ts'
import { rateLimiterOf } from './rate-limiter.ts'
import { PURGED_AT_ONCE } from './retention.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { numberIn, type Row } from './sqlite-row.ts'

/** One statement: counts on, or begins anew where the counter has ended. */
const COUNT = `
  INSERT INTO rate_limits (key, points, expires_at) VALUES (:key, :points, :now + :life)
  ON CONFLICT (key) DO UPDATE SET
    points = iif(expires_at > :now, points, 0) + excluded.points,
    expires_at = iif(expires_at > :now, expires_at, excluded.expires_at)
  RETURNING points, expires_at`

const SET = `
  INSERT INTO rate_limits (key, points, expires_at) VALUES (:key, :points, :now + :life)
  ON CONFLICT (key) DO UPDATE SET points = excluded.points, expires_at = excluded.expires_at
  RETURNING points, expires_at`

/** Makes no counter, and none below zero. */
const REWARD = `
  UPDATE rate_limits SET points = max(0, points + :points) WHERE key = :key AND expires_at > :now
  RETURNING points, expires_at`

const GET = 'SELECT points, expires_at FROM rate_limits WHERE key = ? AND expires_at > ?'

const PURGE = `
  DELETE FROM rate_limits
  WHERE key IN (SELECT key FROM rate_limits WHERE expires_at <= ? LIMIT ${PURGED_AT_ONCE})`

/**
 * The counters, in the table `rate_limits`. They may be lost with the last moment before a power cut, which nobody who
 * guesses can bring about.
 *
 * @param now ms since the epoch
 */
export function sqliteRateLimits(database: SqliteDatabase, now: () => number): RateLimits {
  const table = counterTable(database, now)
  return (limit) =>
    rateLimiterOf(new TableLimiter(database, table, limit), limit, async (work) => database.answer(work))
}

/** What is done with a counter, each in one statement. Life in ms. */
interface CounterTable {
  count(key: string, points: number, life: number): Promise<Counter | undefined>
  set(key: string, points: number, life: number): Promise<Counter | undefined>
  get(key: string): Promise<Counter | undefined>
  remove(key: string): Promise<boolean>
}

interface Counter {
  readonly points: number
  readonly endsIn: number
}

function counterTable({ relaxed, answer }: SqliteDatabase, now: () => number): CounterTable {
  const [count, set] = [relaxed.prepare(COUNT), relaxed.prepare(SET)]
  const [reward, get] = [relaxed.prepare(REWARD), relaxed.prepare(GET)]
  const remove = relaxed.prepare('DELETE FROM rate_limits WHERE key = ?')
  const purge = relaxed.prepare(PURGE)
  return {
    count: (key, points, life) =>
      answer(() => {
        const at = now()
        if (points < 0) return counterIn(reward.get({ key, points, now: at }), at)
        purge.run(at)
        return counterIn(count.get({ key, points, now: at, life }), at)
      }),
    set: (key, points, life) =>
      answer(() => {
        const at = now()
        return counterIn(set.get({ key, points, now: at, life }), at)
      }),
    get: (key) =>
      answer(() => {
        const at = now()
        return counterIn(get.get(key, at), at)
      }),
    remove: (key) => answer(() => remove.run(key).changes === 1),
  }
}

function counterIn(row: Row | undefined, at: number): Counter | undefined {
  if (row === undefined) return undefined
  return { points: numberIn(row, 'points'), endsIn: numberIn(row, 'expires_at') - at }
}

/**
 * The package's own limiter for SQLite knows other drivers, and the system's clock alone: of it there remains what is
 * the same for every engine, which asks these four methods.
 */
class TableLimiter extends RateLimiterSQLite {
  readonly #table: CounterTable

  constructor({ relaxed }: SqliteDatabase, table: CounterTable, { name, points, seconds }: RateLimit) {
    super({
      storeClient: relaxed,
      storeType: 'better-sqlite3',
      tableName: 'rate_limits',
      tableCreated: true,
      keyPrefix: name,
      points,
      duration: seconds,
    })
    this.#table = table
  }

  async _upsert(key: string, points: number, life: number, replace = false): Promise<Counter> {
    const counter = await (replace ? this.#table.set : this.#table.count)(key, points, life)
    return counter ?? { points: 0, endsIn: 0 }
  }

  _get(key: string): Promise<Counter | undefined> {
    return this.#table.get(key)
  }

  _delete(key: string): Promise<boolean> {
    return this.#table.remove(key)
  }

  _getRateLimiterRes(_key: string, _changed: number, { points, endsIn }: Counter): RateLimiterRes {
    return new RateLimiterRes(Math.max(0, this.points - points), endsIn, points)
  }
}
