import type { RateLimit, RateLimits } from './rate-limits.ts'

/** Counts tries by key. Each says how many ms to wait; 0 for going on. Rejects with `STORE_UNAVAILABLE`. */
export interface Tally {
  /** Looks, and counts nothing: whoever has to wait anyway makes no entry. */
  look(key: string): Promise<number>
  /** Counts a try, which is what decides: of those at the same moment, no more go on than may. */
  take(key: string): Promise<number>
  /** The try that was counted last does not count. */
  giveBack(key: string): Promise<void>
  /** All tries are forgotten. */
  forget(key: string): Promise<void>
}

/** So many tries in so much time, from the first on. */
export function windowTally(limits: RateLimits, limit: RateLimit): Tally {
  const tries = limits(limit)
  return {
    async look(key) {
      const count = await tries.get(key)
      return count !== undefined && count.points >= limit.points ? count.endsIn : 0
    },
    async take(key) {
      const count = await tries.consume(key)
      return count.isOver ? count.endsIn : 0
    },
    giveBack: async (key) => void (await tries.reward(key)),
    forget: (key) => tries.delete(key),
  }
}
