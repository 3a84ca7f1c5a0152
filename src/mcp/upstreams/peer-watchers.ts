import { quietly } from './peer-notices.ts'

/** Who watches which resources of a connection. */
export interface Watchers {
  add(uri: string, changed: () => void): () => void
  has(uri: string): boolean
  uris(): readonly string[]
  /** Tells those who watch this one. */
  updated(uri: string): void
}

/** More resources are not watched on one connection. */
const MOST = 1_000

/** @param changed told when another resource is watched, or one no longer */
export function watchersOf(changed: () => void): Watchers {
  const watchers = new Map<string, Set<() => void>>()
  return {
    add(uri, watcher) {
      const known = watchers.get(uri)
      if (known === undefined && watchers.size >= MOST) return () => undefined
      // Each is its own, even where the function is the same.
      const one = (): void => watcher()
      watchers.set(uri, (known ?? new Set()).add(one))
      if (known === undefined) changed()
      return () => {
        const all = watchers.get(uri)
        if (all?.delete(one) !== true || all.size > 0) return
        watchers.delete(uri)
        changed()
      }
    },
    has: (uri) => watchers.has(uri),
    uris: () => [...watchers.keys()],
    updated(uri) {
      for (const watcher of watchers.get(uri) ?? []) quietly(watcher)
    },
  }
}
