/** A kind of counter: so many points in so many seconds, from the first point on. */
export interface RateLimit {
  /** Of letters and "-"; the keys of one kind begin with it. */
  readonly name: string
  readonly points: number
  /** At least one: nothing is counted for ever. */
  readonly seconds: number
}

/** How a counter stands. */
export interface Count {
  readonly points: number
  /** Whether there are more points than there may be. */
  readonly isOver: boolean
  /** It starts anew in so many ms. */
  readonly endsIn: number
}

/**
 * The counters of one kind, one per key. Every change is one atomic step, so that however many count at once, on
 * however many nodes, none is lost; and every counter ends by itself.
 *
 * Fails closed: rejects with `STORE_UNAVAILABLE` when it cannot be counted.
 */
export interface RateLimiter {
  /** `undefined` for a key that was not counted, or has ended. */
  get(key: string): Promise<Count | undefined>
  /** Counts; points beyond the limit are counted, too. */
  consume(key: string, points?: number): Promise<Count>
  /** Counts where there is nothing to be refused. */
  penalty(key: string, points?: number): Promise<Count>
  /** Takes points back, of those that are still counted; never makes a counter. */
  reward(key: string, points?: number): Promise<Count>
  /** Makes a counter that is over, for so many seconds from now. */
  block(key: string, seconds: number): Promise<void>
  delete(key: string): Promise<void>
}

/** Makes the counters of a kind. Keys are short and of a bounded number: that is the caller's to see to. */
export type RateLimits = (limit: RateLimit) => RateLimiter
