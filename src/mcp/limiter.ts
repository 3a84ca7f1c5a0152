import type { LimitUse } from '../access/decision.ts'

/** Whether a call is within the limits of the policy, or when it may be tried again. */
export type Counted =
  | {
      readonly kind: 'within'
      /**
       * Takes back what was counted, for a call that does not run after all; of a window that ends meanwhile nothing, so
       * that it never takes from the next. Rejects with `STORE_UNAVAILABLE`, and then it stays counted.
       */
      giveBack(): Promise<void>
    }
  | {
      readonly kind: 'over'
      /** As in `limits[0]`. */
      readonly limit: string
      /** Ms. */
      readonly retryAfter: number
    }

/**
 * Counts calls against the limits of the policy; a port that the store fills. Exact, however many count at once on
 * however many nodes: never more calls are within a limit than it has points.
 *
 * Fails closed: rejects with `STORE_UNAVAILABLE` when it cannot be counted. Not asked where there is no limit.
 */
export interface Limiter {
  /**
   * Counts against all of them, or, where one is over, against none.
   *
   * @param principal whose counters they are, as in `service:billing`
   */
  count(uses: readonly LimitUse[], principal: string): Promise<Counted>
}
