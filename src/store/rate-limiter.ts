import { RateLimiterRes, type RateLimiterStoreAbstract } from 'rate-limiter-flexible'
import type { Count, RateLimit, RateLimiter } from '../login/rate-limits.ts'

/** What an engine does with its errors. */
type Answer = <T>(work: () => Promise<T>) => Promise<T>

/**
 * A limiter of rate-limiter-flexible as the port of ours. To be over the limit is a value here, and not an error; what
 * is an error, and what is no count, is `STORE_UNAVAILABLE`.
 *
 * @param answer as `RedisClient.answer` and `SqliteDatabase.answer`
 */
export function rateLimiterOf(
  limiter: RateLimiterStoreAbstract,
  { points: most }: RateLimit,
  answer: Answer,
): RateLimiter {
  const counted = (work: () => Promise<RateLimiterRes>): Promise<Count> =>
    answer(async () => countOf(await work().catch(resultIn), most))
  return {
    get: (key) =>
      answer(async () => {
        const result = await limiter.get(key)
        return result === null ? undefined : countOf(result, most)
      }),
    consume: (key, points) => counted(() => limiter.consume(key, points)),
    penalty: (key, points) => counted(() => limiter.penalty(key, points)),
    reward: (key, points) => counted(() => limiter.reward(key, points)),
    block: (key, seconds) => answer(async () => void (await limiter.block(key, seconds))),
    delete: (key) => answer(async () => void (await limiter.delete(key))),
  }
}

/** The package rejects with a result where there are too many points. */
function resultIn(rejected: unknown): RateLimiterRes {
  if (rejected instanceof RateLimiterRes) return rejected
  throw rejected
}

function countOf({ consumedPoints: points, msBeforeNext }: RateLimiterRes, most: number): Count {
  if (!Number.isSafeInteger(points) || !Number.isFinite(msBeforeNext))
    throw new TypeError('the store returned no count')
  return { points, isOver: points > most, endsIn: Math.max(0, msBeforeNext) }
}
