import {
  revocationName,
  type LiveRevocations,
  type RevocationStore,
  type Revoked,
} from './auth/revocation.ts'
import type { Clock } from './auth/clock.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { revocationJournal } from './revocation-journal.ts'

/** Follows the live revocation list of the store. */
export interface RevocationFollower extends LiveRevocations {
  /** Reads the whole list, then follows it. Rejects if it cannot be read: nobody could be judged. */
  start(): Promise<void>
  /** Stops following. */
  close(): void
}

/** What {@link followRevocations} takes. */
export interface FollowerOptions {
  readonly store: RevocationStore
  /** Ms since the epoch. */
  readonly now: Clock
  /** Ms of a clock that nobody sets. */
  readonly elapsed: () => number
  /** How long the list is believed after it was read, in ms. */
  readonly freshFor: number
  /** Told of what was not known before: whom it names is judged anew then. */
  readonly onRevoked: (entries: readonly Revoked[]) => void
  /** Told when the list is believed no longer: everybody who is here is judged anew then. */
  readonly onStale: () => void
  /** Told how far the list was read. */
  readonly onRead: (epoch: number) => void
  /** Told when the list cannot be read, once until it can be again. */
  readonly onProblem: (error: unknown) => void
}

/** How often the store is asked, in ms: a lost announcement costs no more than this and one round trip. */
const POLL_INTERVAL = 500

/**
 * Follows the list: read at every announcement, and every 500 ms without one.
 *
 * Fails closed: the list is fresh for as long as both clocks say so, counted from before it was asked for; setting
 * the machine's clock or suspending the machine makes it no fresher.
 */
export function followRevocations(options: FollowerOptions): RevocationFollower {
  const { store, now, elapsed, freshFor, onRevoked, onStale } = options
  const journal = revocationJournal(store, onRevoked)
  let readAt = { now: -Infinity, elapsed: -Infinity }
  let isBelieved = false
  let isFollowing = false
  const isFresh = (): boolean => Math.max(now() - readAt.now, elapsed() - readAt.elapsed) < freshFor
  const settle = (): void => {
    const wasBelieved = isBelieved
    isBelieved = isFresh()
    if (wasBelieved && !isBelieved) onStale()
  }
  const expiry = laterTimer(settle, freshFor)
  const read = async (): Promise<void> => {
    const asked = { now: now(), elapsed: elapsed() }
    await journal.catchUp(asked.now)
    readAt = asked
    isBelieved = true
    expiry.restart()
    options.onRead(journal.epoch)
  }
  const onFailure = onceInARow((error) => {
    if (isFollowing) options.onProblem(error)
  })
  const poll = oneAtATime(async () => {
    await read().then(onFailure.reset, onFailure.tell)
    settle()
  })
  let stop = (): void => undefined
  return {
    isFresh,
    isRevoked: (name) => journal.get(name) !== undefined,
    leastEpochOf(user) {
      const entry = journal.get(revocationName({ kind: 'user', user }))
      return entry?.kind === 'user' ? entry.epoch : 0
    },
    isDisabled(user) {
      const entry = journal.get(revocationName({ kind: 'account', user }))
      return entry?.kind === 'account' && entry.disabled
    },
    async start() {
      await read()
      const unsubscribe = store.subscribe(poll)
      const interval = setInterval(poll, POLL_INTERVAL).unref()
      isFollowing = true
      stop = () => {
        isFollowing = false
        clearInterval(interval)
        unsubscribe()
      }
    },
    close() {
      stop()
      expiry.stop()
    },
  }
}

/** A timer that never keeps the process alive; every start is from the beginning. */
function laterTimer(work: () => void, after: number): { restart(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    restart() {
      if (timer === undefined) timer = setTimeout(work, after).unref()
      else timer.refresh()
    },
    stop: () => clearTimeout(timer),
  }
}

/** Tells of the first of failures in a row. */
function onceInARow(tell: (error: unknown) => void): { tell(error: unknown): void; reset(): void } {
  let isTold = false
  return {
    tell(error) {
      if (!isTold) tell(error)
      isTold = true
    },
    reset() {
      isTold = false
    },
  }
}
