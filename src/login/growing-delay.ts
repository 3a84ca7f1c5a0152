import type { Count, RateLimits } from './rate-limits.ts'
import type { Tally } from './tally.ts'

/** Some tries for nothing, then a delay before every further one that doubles each time. All times in seconds. */
export interface GrowingDelay {
  readonly name: string
  /** So many tries, within `within`, before the first delay. */
  readonly free: number
  readonly within: number
  /** So many tries after each delay; divides `free`. */
  readonly afterwards: number
  readonly first: number
  readonly longest: number
  /** So long after the first delay everything begins anew. */
  readonly forgotten: number
}

/**
 * Counts tries with a delay that grows.
 *
 * The try that is one too many is the one that is refused; the last one that goes on begins the delay. What is refused
 * meanwhile does not make the delay longer: whoever hammers at an account keeps its owner out for no longer than
 * whoever waits.
 */
export function growingDelay(limits: RateLimits, delay: GrowingDelay): Tally {
  const { name, free, within, afterwards, forgotten } = delay
  const tries = limits({ name, points: free, seconds: within })
  const delays = limits({ name: `${name}-delays`, points: free, seconds: forgotten })
  // Until the delay has begun, those who are one too many see the end of the counter instead.
  const waitOf = ({ endsIn }: Count): number => Math.min(endsIn, delay.longest * 1000)
  return {
    async look(key) {
      const count = await tries.get(key)
      return count?.isOver === true ? waitOf(count) : 0
    },
    async take(key) {
      const cost = (await delays.get(key)) === undefined ? 1 : free / afterwards
      const count = await tries.consume(key, cost)
      if (count.isOver) return waitOf(count)
      if (count.points === free) {
        const { points: nth } = await delays.penalty(key)
        await tries.block(key, delayOf(nth, delay))
      }
      return 0
    },
    giveBack: async (key) => void (await tries.reward(key)),
    async forget(key) {
      await tries.delete(key)
      await delays.delete(key)
    },
  }
}

function delayOf(nth: number, { first, longest }: GrowingDelay): number {
  return Math.min(first * 2 ** (nth - 1), longest)
}
