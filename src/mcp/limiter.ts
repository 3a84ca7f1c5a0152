import type { LimitUse } from '../access/decision.ts'

/** Whether a call is within the limits of the policy, or when it may be tried again. */
export type Limited =
  | { readonly kind: 'within' }
  | {
      readonly kind: 'over'
      /** As in `limits[0]`. */
      readonly limit: string
      /** Ms. */
      readonly retryAfter: number
    }

/**
 * Counts calls against the limits of the policy; a port that the store fills. Exact, however many count at once on
 * however many nodes.
 *
 * Fails closed: rejects with `STORE_UNAVAILABLE` when it cannot be counted. Not asked where there is no limit.
 */
export interface Limiter {
  /** @param principal whose counters they are, as in `service:billing` */
  count(uses: readonly LimitUse[], principal: string): Promise<Limited>
}
