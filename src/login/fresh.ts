import type { SessionRecord } from '../auth/session-record.ts'
import { hasSecondFactor, type Credentials } from './credentials.ts'

/** What a session rests on. */
type ProvedSession = Pick<SessionRecord, 'authenticatedAt' | 'mfaAt' | 'label'>

/** An authentication is fresh for so long, in ms. */
const FRESH = 5 * 60_000

/**
 * What a session is called that another one approved, until everything is proved in it: the person was not at that
 * terminal, and may have been talked into it (RFC 8628, 5.4).
 */
export const APPROVED_ELSEWHERE = 'terminal'

/**
 * Whether a session may change what its user logs in by: everything that he can prove was proved within five minutes,
 * or it is there only to enrol (ASVS 5.0, 7.5.1).
 *
 * Fails closed: not for a session that never proved the second factor which its user has, nor for one that another
 * session approved, nor for a clock that stands more than five minutes before the authentication.
 *
 * @param now ms since the epoch
 */
export function mayChangeFactors(
  { pending, ...record }: ProvedSession & Pick<SessionRecord, 'pending'>,
  credentials: Credentials,
  now: number,
): boolean {
  if (pending !== null && pending !== 'enrol') return false
  if (record.mfaAt === null && hasSecondFactor(credentials)) return false
  return isFresh(record, now)
}

/** Whether what a session rests on was all proved within five minutes, and in this session. */
export function isFresh({ authenticatedAt, mfaAt, label }: ProvedSession, now: number): boolean {
  if (label === APPROVED_ELSEWHERE) return false
  return [authenticatedAt, mfaAt ?? authenticatedAt].every((time) => Math.abs(now - time) <= FRESH)
}
