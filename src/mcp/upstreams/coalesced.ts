/** Work that is asked for often and done seldom. */
export interface Coalesced {
  /** Has it done soon: at once if it was not done for a while. What is asked for meanwhile is one more time. */
  ask(): void
  close(): void
}

/**
 * Does work one after another, at most once in `pause` ms, counted from the end of one to the begin of the next. Keeps no
 * process alive.
 *
 * @param work must not reject
 */
export function coalesced(pause: number, work: () => Promise<void>): Coalesced {
  let state: 'resting' | 'working' | 'pausing' = 'resting'
  let isWanted = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  const begin = (): void => {
    state = 'working'
    isWanted = false
    void done(work())
  }
  const done = async (working: Promise<void>): Promise<void> => {
    await working
    if (isClosed) return
    state = 'pausing'
    timer = setTimeout(() => {
      state = 'resting'
      if (isWanted) begin()
    }, pause).unref()
  }
  return {
    ask() {
      if (isClosed) return
      isWanted = true
      if (state === 'resting') begin()
    },
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
