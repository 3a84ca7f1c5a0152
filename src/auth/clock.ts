/** The server's one clock, in ms since the epoch. */
export type Clock = () => number

/**
 * A clock that never goes back: sessions and certificates are judged by the later time seen, so that setting the
 * machine's clock back does not revive what has ended.
 */
export function monotonicClock(source: Clock): Clock {
  let latest = -Infinity
  return () => {
    latest = Math.max(latest, source())
    return latest
  }
}
