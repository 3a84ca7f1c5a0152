import type { Clock } from './auth/clock.ts'
import { isSallyportError } from './errors.ts'
import type { Log } from './server-options.ts'

/** So often a store that is gone is reported, in ms: everybody who asks meanwhile meets it. */
const OFTEN_ENOUGH = 1_000

/**
 * Where the exceptions of requests go. While the store is gone every request has one, and strangers can ask as often as
 * they like: of those one in a second is written, with how many there were since.
 *
 * @param now ms since the epoch
 */
export function exceptionLog(log: Log, now: Clock): (requestId: string | undefined, error: unknown) => void {
  let [lastAt, unwritten] = [-Infinity, 0]
  return (requestId, error) => {
    const isGone = isSallyportError(error, 'STORE_UNAVAILABLE')
    const isSoon = Math.abs(now() - lastAt) < OFTEN_ENOUGH
    if (isGone && isSoon) {
      unwritten += 1
      return
    }
    const more = isGone && unwritten > 0 ? { unwritten } : {}
    if (isGone) [lastAt, unwritten] = [now(), 0]
    log.error({ requestId, err: error, ...more }, 'something went wrong in a request')
  }
}
