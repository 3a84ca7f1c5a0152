/** The time that a request may take. It stands still while somebody is asked, whose time is not the upstream's. */
export interface Deadline {
  /** Somebody is asked from now on. May be called twice. */
  pause(): void
  /** Nobody is asked any more. */
  resume(): void
  /** The request is over. */
  clear(): void
}

/** What a timer can wait for, in ms (2^31 - 1). */
const LONGEST_TIMER = 2_147_483_647
/** All that is asked in the course of one request may take so long: an upstream could ask without an end. */
const LONGEST_PAUSE = 15 * 60_000

/**
 * Begins at once.
 *
 * @param time ms; infinite for a request that may last
 * @param late told once, when either kind of time is used up
 */
export function deadlineOf(time: number, late: () => void): Deadline {
  const left = { running: time, paused: LONGEST_PAUSE }
  let phase: keyof typeof left = 'running'
  let since = performance.now()
  let timer = timerOf(left.running, late)
  const enter = (next: keyof typeof left): void => {
    if (phase === next) return
    clearTimeout(timer)
    left[phase] -= performance.now() - since
    phase = next
    since = performance.now()
    timer = timerOf(Math.max(0, left[next]), late)
  }
  return {
    pause: () => enter('paused'),
    resume: () => enter('running'),
    clear: () => clearTimeout(timer),
  }
}

function timerOf(time: number, late: () => void): NodeJS.Timeout | undefined {
  return time === Infinity ? undefined : setTimeout(late, Math.min(time, LONGEST_TIMER))
}
