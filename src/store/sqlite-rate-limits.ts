import type { RateLimits } from '../login/rate-limits.ts'
import { rateLimitsOn, type Counter, type Counters } from './rate-limiter.ts'
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
export function sqliteRateLimits({ relaxed, answer }: SqliteDatabase, now: () => number): RateLimits {
  const [count, set] = [relaxed.prepare(COUNT), relaxed.prepare(SET)]
  const [reward, get] = [relaxed.prepare(REWARD), relaxed.prepare(GET)]
  const remove = relaxed.prepare('DELETE FROM rate_limits WHERE key = ?')
  const purge = relaxed.prepare(PURGE)
  const at = (work: (now: number) => Row | undefined): Promise<Counter | undefined> =>
    answer(() => {
      const asked = now()
      return counterIn(work(asked), asked)
    })
  const counters: Counters = {
    count: (key, points, life) =>
      at((asked) => {
        if (points < 0) return reward.get({ key, points, now: asked })
        purge.run(asked)
        return count.get({ key, points, now: asked, life })
      }),
    set: (key, points, life) => at((asked) => set.get({ key, points, now: asked, life })),
    get: (key) => at((asked) => get.get(key, asked)),
    remove: (key) => answer(() => remove.run(key).changes === 1),
  }
  return rateLimitsOn(counters, (name) => name)
}

function counterIn(row: Row | undefined, now: number): Counter | undefined {
  if (row === undefined) return undefined
  return { points: numberIn(row, 'points'), endsIn: numberIn(row, 'expires_at') - now }
}
