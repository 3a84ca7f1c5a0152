import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { reopenSession, type Rise } from './reopen-session.ts'
import { recordIfPossible, sessionEnded } from './session-audit.ts'

/**
 * Opens a session in place of the present one, as {@link reopenSession} does, and records that the present one ended by
 * it.
 *
 * Fails closed: `undefined` if the present one has ended meanwhile: it is not brought back. Rejects with
 * `STORE_UNAVAILABLE` or `AUDIT_UNAVAILABLE`.
 */
export async function rotateSession(rise: Rise, options: LoginOptions): Promise<OpenedSession | undefined> {
  const opened = await reopenSession(rise, options)
  if (opened !== undefined) await recordIfPossible(sessionEnded('rotated', rise.record, rise.caller), options)
  return opened
}
