import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

/** How one reading of a stream went: it is over for good; or it ended or could not be had, and is to be opened again. */
export type Reading = 'over' | 'again'

const FIRST_PAUSE = 200
const LONGEST_PAUSE = 30_000
/** A stream that lasted this long was no failure, in ms. */
const LASTED = 10_000

/**
 * Opens a stream again and again until it is over or `signal` aborts. What ends at once is opened again at growing
 * intervals with jitter, what has lasted after a short one.
 *
 * @param pauseAsked what the server asks to wait, in ms
 */
export async function repeat(
  read: () => Promise<Reading>,
  signal: AbortSignal,
  pauseAsked: () => number | undefined = () => undefined,
): Promise<void> {
  let pause = FIRST_PAUSE
  while (!signal.aborted) {
    const begun = performance.now()
    if ((await read()) === 'over') return
    pause = performance.now() - begun > LASTED ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE)
    const asked = Math.min(pauseAsked() ?? 0, LONGEST_PAUSE)
    await wait(Math.max(asked, (pause / 2) * (0.5 + Math.random())), undefined, { signal }).catch(
      () => undefined,
    )
  }
}
