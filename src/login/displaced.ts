import type { SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, sessionEnded } from './session-audit.ts'
import type { EndedSession } from './session-store.ts'

/**
 * Tells every node which sessions ended because another one was opened. Rejects with `STORE_UNAVAILABLE`; they have
 * ended all the same, and only streams that are open may last for a while.
 */
export async function announceDisplaced(
  ended: readonly EndedSession[],
  { announce }: Pick<LoginOptions, 'announce'>,
): Promise<void> {
  if (ended.length === 0) return
  await announce(ended.map(({ digest, expiresAt }) => ({ kind: 'session', digest, until: expiresAt })))
}

/**
 * Records the sessions that ended because their user has too many, and tells their owner; of pending logins, which ended
 * for another one, he is told nothing.
 */
export async function recordDisplaced(
  { user, pending }: Pick<SessionRecord, 'user' | 'pending'>,
  oldest: readonly EndedSession[],
  caller: Caller,
  options: LoginOptions,
): Promise<void> {
  for (const { digest } of oldest) {
    await recordIfPossible(sessionEnded('too_many_sessions', { user, digest }, caller), options)
    if (pending === null) await addToHistory(user, 'session_ended', caller, options)
  }
}
