import { createHash } from 'node:crypto'
import type { LimitUse } from './access/decision.ts'
import type { Counted, Limiter } from './mcp/limiter.ts'
import type { Count, RateLimiter, RateLimits } from './login/rate-limits.ts'

/** The kind of these counters, which their keys begin with. */
const NAME = 'policy'
/** Of a window that ends within this many ms nothing is given back: nothing that we ask of the store takes longer. */
const ABOUT_TO_END = 1_000

/**
 * Counts calls in the store. Its keys have one length, whatever limits and principals are called, and end with their
 * windows.
 *
 * @param now ms since the epoch
 */
export function storeLimiter(rateLimits: RateLimits, now: () => number): Limiter {
  return {
    async count(uses, principal) {
      const counted = await Promise.all(
        uses.map(async (use) => {
          const counter = rateLimits({ name: NAME, points: use.points, seconds: use.seconds })
          const key = keyOf(use, principal)
          const count = await counter.consume(key)
          return { use, counter, key, count, endsAt: now() + count.endsIn }
        }),
      )
      const giveBack = async (): Promise<void> => takeBack(counted, now())
      const over = counted.filter(({ count }) => count.isOver)
      const [first] = over
      if (first === undefined) return { kind: 'within', giveBack }
      await giveBack()
      const retryAfter = Math.max(...over.map(({ count }) => count.endsIn))
      return { kind: 'over', limit: first.use.limit, retryAfter } satisfies Counted
    },
  }
}

interface CountedUse {
  readonly counter: RateLimiter
  readonly key: string
  readonly count: Count
  readonly endsAt: number
}

async function takeBack(counted: readonly CountedUse[], now: number): Promise<void> {
  const open = counted.filter(({ count, endsAt }) => !count.isOver && now < endsAt - ABOUT_TO_END)
  await Promise.all(open.map(async ({ counter, key }) => counter.reward(key)))
}

function keyOf({ counter }: LimitUse, principal: string): string {
  return createHash('sha256').update(`${counter}\n${principal}`).digest('base64url')
}
