/** Tells of something that happens again and again, once in a while. */
export interface Throttled<Key> {
  (key: Key): void
  /** Tells nothing more. */
  stop(): void
}

/**
 * Tells of each key at once, and when it comes again within `wait` ms, once more after that. Keeps as many keys as are
 * told of within that time.
 */
export function throttled<Key>(wait: number, tell: (key: Key) => void): Throttled<Key> {
  const resting = new Map<Key, { isWanted: boolean; timer: NodeJS.Timeout }>()
  let isStopped = false
  const rest = (key: Key): void => {
    const timer = setTimeout(() => {
      const isWanted = resting.get(key)?.isWanted === true
      resting.delete(key)
      if (isWanted) take(key)
    }, wait).unref()
    resting.set(key, { isWanted: false, timer })
  }
  const take = (key: Key): void => {
    if (isStopped) return
    const known = resting.get(key)
    if (known !== undefined) known.isWanted = true
    else {
      rest(key)
      tell(key)
    }
  }
  return Object.assign(take, {
    stop() {
      isStopped = true
      for (const { timer } of resting.values()) clearTimeout(timer)
      resting.clear()
    },
  })
}
