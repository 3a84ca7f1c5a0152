import { backoffDelay, type Backoff } from './backoff.ts'

/** `closed` lets calls through; `open` lets none; `half-open` lets one, to see. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** What keeps calls from what does not answer, so that they fail at once and it is left in peace. */
export interface Breaker {
  /** Whether a call may go. Who was let through says how it ended, in one of the three ways. */
  admits(): boolean
  /** It was answered. */
  succeeded(): void
  /** It could not be reached, or did not answer in time. */
  failed(): void
  /** The call says nothing about that. */
  unknown(): void
  state(): BreakerState
}

/** What {@link createBreaker} takes. */
export interface BreakerOptions {
  /** So many failures in a row open it. */
  readonly failures: number
  /** How long it stays open; longer with each probe that failed. */
  readonly backoff: Backoff
  /** Ms on a clock that does not go back. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
}

/** Makes a breaker, closed. */
export function createBreaker({ failures: most, backoff, now, random }: BreakerOptions): Breaker {
  let failures = 0
  let opened = 0
  /** When a probe may go; undefined while it is closed. */
  let probeAt: number | undefined
  let isProbing = false
  return {
    admits() {
      if (probeAt === undefined) return true
      if (isProbing || now() < probeAt) return false
      isProbing = true
      return true
    },
    succeeded() {
      failures = 0
      opened = 0
      probeAt = undefined
      isProbing = false
    },
    failed() {
      failures += 1
      // Calls that were under way when it opened say nothing new.
      if (probeAt !== undefined && !isProbing) return
      if (failures < most && !isProbing) return
      isProbing = false
      opened += 1
      probeAt = now() + backoffDelay(backoff, opened, random())
    },
    unknown() {
      isProbing = false
    },
    state() {
      if (probeAt === undefined) return 'closed'
      return isProbing || now() >= probeAt ? 'half-open' : 'open'
    },
  }
}
