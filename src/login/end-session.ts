import type { SessionChanged } from '../audit/event.ts'
import type { SessionRecord } from '../auth/session-record.ts'
import { slotOf } from '../auth/session-token.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, sessionEnded } from './session-audit.ts'

/**
 * Ends a session, and records it if it was there. Goes through without the audit trail; rejects with
 * `STORE_UNAVAILABLE` when it cannot say that the session has ended.
 */
export async function endSession(
  record: Pick<SessionRecord, 'user' | 'digest' | 'expiresAt'>,
  reason: SessionChanged['reason'],
  caller: Caller,
  options: LoginOptions,
): Promise<void> {
  // Told first: a node that hears of it refuses the session, even if the store then loses that it has ended.
  await options.announce([{ kind: 'session', digest: record.digest, until: record.expiresAt }])
  if (await options.sessions.end(record.digest, slotOf(record.user)))
    await recordIfPossible(sessionEnded(reason, record, caller), options)
}
