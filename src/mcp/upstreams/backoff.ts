/** How long to wait between attempts, in ms. */
export interface Backoff {
  readonly least: number
  readonly most: number
}

/**
 * The pause before the next attempt, in ms: doubled with each failure in a row, never more than `most`, and of that a
 * random part between a half and the whole, so that many do not come back at the same moment.
 *
 * @param failures in a row, from 1 on
 * @param random from 0 to 1
 */
export function backoffDelay({ least, most }: Backoff, failures: number, random: number): number {
  const whole = Math.min(most, least * 2 ** Math.min(failures - 1, 30))
  return Math.round(whole * (0.5 + random / 2))
}
