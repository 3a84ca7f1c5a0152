const FIRST = 1_000
const LONGEST = 5 * 60_000

/**
 * How long to wait before trying again, in ms: twice as long after each attempt, up to five minutes, never more than a
 * tenth of the time that is left, and up to a half less, so that many do not come at once.
 *
 * @param attempt how many have failed; 1 or more
 * @param left until it is too late, in ms
 * @param random from 0 to 1
 */
export function retryDelay(attempt: number, left: number, random: number): number {
  const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt - 1, 20), left / 10)
  return Math.max(FIRST / 2, longest * (1 - random / 2))
}
