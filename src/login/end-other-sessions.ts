import type { SessionRecord } from '../auth/session-record.ts'
import { endSessions } from './end-sessions.ts'
import { openSession, type OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'

/**
 * Ends every session of a user but the present one, which goes on under a new token: it is the only one of the new
 * epoch.
 *
 * Fails closed: `undefined` if the present one has ended meanwhile; it is not brought back, and the others have ended
 * all the same. Rejects with `STORE_UNAVAILABLE` or `AUDIT_UNAVAILABLE`.
 */
export async function endOtherSessions(
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const { user, authenticationMethods, authenticatedAt, expiresAt, mfaAt, label, digest } = record
  const epoch = await endSessions(user, { by: `user:${user}`, caller }, options)
  if (epoch === undefined) return undefined
  return openSession(
    {
      user: { name: user, epoch },
      pending: record.pending,
      authenticationMethods,
      authenticatedAt,
      endsBy: expiresAt,
      mfaAt,
      label,
      replaces: digest,
      reason: 'rotated',
      caller,
    },
    options,
  )
}
