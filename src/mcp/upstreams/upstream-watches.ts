import { setTimeout as wait } from 'node:timers/promises'
import type { AuthContext } from '../../auth/context.ts'
import { backoffDelay } from './backoff.ts'
import type { UpstreamCalls } from './calls.ts'
import type { UpstreamConnections } from './upstream-connections.ts'

/** Ms after which a connection that is over is replaced by another one, while somebody watches on it. */
const AGAIN = { least: 2000, most: 60_000 }
/** After so many ms a connection that ends has been a good one. */
const STABLE = 30_000

/** Resources that callers watch at one upstream. */
export interface Watches extends Pick<UpstreamCalls, 'watch'> {
  close(): void
}

/** What {@link watches} goes by. */
export interface WatchTimes {
  /** Ms on a clock that does not go back. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random?: () => number
  /** Fulfilled after so many ms, or when it is stopped. */
  readonly pause?: (delay: number, stop: AbortSignal) => Promise<unknown>
}

/**
 * Watches on the connections of those who want it, and goes on on another one when that ends; whoever watched meanwhile is
 * told that it may have changed. What is not there, or ends again and again, is asked less and less often.
 */
export function watches(
  connections: Pick<UpstreamConnections, 'of'>,
  { now, random = Math.random, pause = paused }: WatchTimes,
): Watches {
  const all = new Set<AbortController>()
  const keep = async (
    context: AuthContext,
    uri: string,
    changed: () => void,
    stop: AbortSignal,
    isAnew: boolean,
  ): Promise<void> => {
    const got = await connections.of({ context, capabilities: {} }, stop)
    if (got.kind !== 'got') return
    got.breaker.unknown()
    const { connection, release } = got.lease
    const unwatch = connection.watch(uri, changed)
    if (isAnew) changed()
    const stopped = Promise.withResolvers<void>()
    stop.addEventListener('abort', () => stopped.resolve(), { once: true })
    if (stop.aborted) stopped.resolve()
    await Promise.race([connection.closed, stopped.promise])
    unwatch()
    release()
  }
  const watchOn = async (
    context: AuthContext,
    uri: string,
    changed: () => void,
    stop: AbortSignal,
  ): Promise<void> => {
    let failures = 0
    for (let isAnew = false; !stop.aborted; isAnew = true) {
      const begun = now()
      // A store that does not answer is asked again.
      await keep(context, uri, changed, stop, isAnew).catch(() => undefined)
      failures = now() - begun >= STABLE ? 1 : failures + 1
      await pause(backoffDelay(AGAIN, failures, random()), stop)
    }
  }
  return {
    watch(context, uri, changed) {
      const stop = new AbortController()
      all.add(stop)
      void watchOn(context, uri, changed, stop.signal)
      return () => {
        all.delete(stop)
        stop.abort()
      }
    },
    close() {
      for (const stop of all) stop.abort()
    },
  }
}

async function paused(delay: number, signal: AbortSignal): Promise<void> {
  await wait(delay, undefined, { ref: false, signal }).catch(() => undefined)
}
