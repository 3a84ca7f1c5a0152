/** The confirmations that were used here, for as long as anybody could put them back into the store. */
export interface SpentConfirmations {
  has(id: string): boolean
  /** @param until when it would have ended by itself, in ms since the epoch */
  add(id: string, until: number): void
}

/** @param now ms since the epoch */
export function spentConfirmations(now: () => number): SpentConfirmations {
  const spent = new Map<string, number>()
  return {
    has: (id) => spent.has(id),
    add(id, until) {
      const time = now()
      // The oldest first, and none lives for longer than five minutes.
      for (const [other, end] of spent) {
        if (time < end) break
        spent.delete(other)
      }
      spent.set(id, until)
    },
  }
}
