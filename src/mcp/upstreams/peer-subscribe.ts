import type { Watchers } from './peer-watchers.ts'
import type { Peer } from './peer.ts'

/** Keeps what an upstream tells of in step with what is watched. */
export interface Subscribing {
  /** Another resource is watched, or one no longer. */
  changed(): void
  /** The upstream knows of nothing any more: its session is a new one. */
  renew(): void
  stop(): void
}

/**
 * Subscribes to each resource that is watched, one after the other (MCP 2025-11-25, resources, subscriptions). One that
 * the upstream refuses is not asked for again while it is watched.
 *
 * @param timeout of each request, ms
 */
export function subscribing(peer: Pick<Peer, 'ask'>, watches: Watchers, timeout: number): Subscribing {
  const asked = new Set<string>()
  const abort = new AbortController()
  let isRunning = false
  const next = (): { readonly method: string; readonly uri: string } | undefined => {
    for (const uri of asked) if (!watches.has(uri)) return { method: 'resources/unsubscribe', uri }
    const uri = watches.uris().find((one) => !asked.has(one))
    return uri === undefined ? undefined : { method: 'resources/subscribe', uri }
  }
  const run = async (): Promise<void> => {
    if (isRunning) return
    isRunning = true
    for (let step = next(); step !== undefined && !abort.signal.aborted; step = next()) {
      const { method, uri } = step
      if (method === 'resources/subscribe') asked.add(uri)
      else asked.delete(uri)
      await peer.ask(
        { method, params: { uri }, signal: abort.signal, timeout, repeatable: true },
        '2025-11-25',
      )
    }
    isRunning = false
  }
  return {
    changed: () => void run(),
    renew() {
      asked.clear()
      void run()
    },
    stop: () => abort.abort(),
  }
}
