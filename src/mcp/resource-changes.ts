import type { ResourceChanges } from './resource.ts'

/** Makes what tells of changes to whoever follows them, in this process, at once and in the order of following. */
export function resourceChanges(): ResourceChanges {
  const following = new Set<(uri: string) => void>()
  return {
    changed(uri) {
      for (const told of following) told(uri)
    },
    follow(told) {
      // A function of its own: whoever follows twice is told twice, and ends each by itself.
      const own = (uri: string): void => told(uri)
      following.add(own)
      return () => void following.delete(own)
    },
  }
}
