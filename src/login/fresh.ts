import type { SessionRecord } from '../auth/session-record.ts'
import { hasSecondFactor, type Credentials } from './credentials.ts'

/** An authentication is fresh for so long, in ms. */
const FRESH = 5 * 60_000

/**
 * Whether a session may change what its user logs in by: everything that he can prove was proved within five minutes,
 * or it is there only to enrol (ASVS 5.0, 7.5.1).
 *
 * Fails closed: not for a session that never proved the second factor which its user has, nor for a clock that stands
 * more than five minutes before the authentication.
 *
 * @param now ms since the epoch
 */
export function mayChangeFactors(
  { pending, authenticatedAt, mfaAt }: Pick<SessionRecord, 'pending' | 'authenticatedAt' | 'mfaAt'>,
  credentials: Credentials,
  now: number,
): boolean {
  if (pending !== null && pending !== 'enrol') return false
  if (mfaAt === null && hasSecondFactor(credentials)) return false
  return isFresh({ authenticatedAt, mfaAt }, now)
}

/** Whether what a session rests on was all proved within five minutes. */
export function isFresh(
  { authenticatedAt, mfaAt }: Pick<SessionRecord, 'authenticatedAt' | 'mfaAt'>,
  now: number,
): boolean {
  return [authenticatedAt, mfaAt ?? authenticatedAt].every((time) => Math.abs(now - time) <= FRESH)
}
