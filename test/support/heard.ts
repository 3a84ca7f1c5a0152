/** Collects what is told, one thing after the other. */
export interface Heard<T> {
  readonly hear: (told: T) => void
  /** The next thing that is told; each is handed out once. */
  next(): Promise<T>
  /** What has been told and not been handed out. */
  readonly unheard: readonly T[]
}

export function heard<T>(): Heard<T> {
  const unheard: T[] = []
  let wake = (): void => undefined
  return {
    unheard,
    hear(told) {
      unheard.push(told)
      wake()
    },
    async next() {
      for (;;) {
        const [told] = unheard.splice(0, 1)
        if (told !== undefined) return told
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        // What is listened to may keep no process alive.
        const alive = setTimeout(() => undefined, 10_000)
        await promise.finally(() => clearTimeout(alive))
      }
    },
  }
}
