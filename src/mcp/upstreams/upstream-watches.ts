import { setTimeout as wait } from 'node:timers/promises'
import type { AuthContext } from '../../auth/context.ts'
import type { UpstreamCalls } from './calls.ts'
import type { UpstreamConnections } from './upstream-connections.ts'

/** Ms after which a connection that is over is replaced by another one, while somebody watches on it. */
const AGAIN = 2000

/** Resources that callers watch at one upstream. */
export interface Watches extends Pick<UpstreamCalls, 'watch'> {
  close(): void
}

/**
 * Watches on the connections of those who want it, and goes on on another one when that ends; whoever watched meanwhile is
 * told that it may have changed.
 */
export function watches(connections: UpstreamConnections): Watches {
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
    for (let isAnew = false; !stop.aborted; isAnew = true) {
      // A store that does not answer is asked again.
      await keep(context, uri, changed, stop, isAnew).catch(() => undefined)
      await wait(AGAIN, undefined, { ref: false, signal: stop }).catch(() => undefined)
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
