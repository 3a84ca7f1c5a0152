import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Count, RateLimit, RateLimiter, RateLimits } from '../login/rate-limits.ts'

/** A counter as it is stored; it ends in so many ms. */
export interface Counter {
  readonly points: number
  readonly endsIn: number
}

/** What an engine does with counters, each in one atomic step. Lives in ms. Rejects with `STORE_UNAVAILABLE`. */
export interface Counters {
  /** Adds points to a counter that is there, or begins one. Fewer than none are taken away, and begin nothing. */
  count(key: string, points: number, life: number): Promise<Counter | undefined>
  /** Begins anew, whatever there was. */
  set(key: string, points: number, life: number): Promise<Counter | undefined>
  get(key: string): Promise<Counter | undefined>
  /** False if there was none. */
  remove(key: string): Promise<boolean>
}

/** @param prefixOf what the keys of a kind begin with */
export function rateLimitsOn(counters: Counters, prefixOf: (name: string) => string): RateLimits {
  return (limit) => rateLimiterOf(new CountersLimiter(counters, prefixOf(limit.name), limit), limit)
}

/** To be over the limit is a value here, and not an error. */
function rateLimiterOf(limiter: CountersLimiter, { points: most }: RateLimit): RateLimiter {
  const counted = async (work: Promise<RateLimiterRes>): Promise<Count> =>
    countOf(await work.catch(resultIn), most)
  return {
    async get(key) {
      const result = await limiter.get(key)
      return result === null ? undefined : countOf(result, most)
    },
    consume: (key, points) => counted(limiter.consume(key, points)),
    penalty: (key, points) => counted(limiter.penalty(key, points)),
    reward: (key, points) => counted(limiter.reward(key, points)),
    block: async (key, seconds) => void (await limiter.block(key, seconds)),
    delete: async (key) => void (await limiter.delete(key)),
  }
}

/** The package rejects with a result where there are too many points. */
function resultIn(rejected: unknown): RateLimiterRes {
  if (rejected instanceof RateLimiterRes) return rejected
  throw rejected
}

function countOf({ consumedPoints: points, msBeforeNext }: RateLimiterRes, most: number): Count {
  return { points, isOver: points > most, endsIn: Math.max(0, msBeforeNext) }
}

const NONE: Counter = Object.freeze({ points: 0, endsIn: 0 })

/**
 * The limiter of the package, less what it does by itself with a client of Redis, for which a user of few rights may
 * lack the commands, and which knows no other clock: what is the same for every engine asks these four methods.
 */
class CountersLimiter extends RateLimiterRedis {
  readonly #counters: Counters

  constructor(counters: Counters, keyPrefix: string, { points, seconds }: RateLimit) {
    super({ storeClient: counters, keyPrefix, points, duration: seconds })
    this.#counters = counters
  }

  async _upsert(key: string, points: number, life: number, replace = false): Promise<Counter> {
    const counters = this.#counters
    return (await (replace ? counters.set(key, points, life) : counters.count(key, points, life))) ?? NONE
  }

  _get(key: string): Promise<Counter | undefined> {
    return this.#counters.get(key)
  }

  _delete(key: string): Promise<boolean> {
    return this.#counters.remove(key)
  }

  _getRateLimiterRes(_key: string, _changed: number, { points, endsIn }: Counter): RateLimiterRes {
    return new RateLimiterRes(Math.max(0, this.points - points), endsIn, points)
  }
}
