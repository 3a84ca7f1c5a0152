import { revocationName } from '../auth/revocation.ts'
import { isSealed, type LiveSession } from '../auth/session-record.ts'
import type { LoginOptions } from './options.ts'
import { sessionId } from './session-id.ts'

type Access = Pick<LoginOptions, 'sessions' | 'keys' | 'revocations' | 'now'>

/**
 * The live sessions of a user, pending logins among them, newest first. Slides none.
 *
 * Fails closed: a record that somebody else wrote into the store is no session and is left out, and so is one that is
 * known to have ended. Rejects with `STORE_UNAVAILABLE`.
 */
export async function sessionsOf(
  user: string,
  { sessions, keys, revocations, now }: Access,
): Promise<readonly LiveSession[]> {
  const found = await sessions.list(user, now())
  return found.filter(({ record }) => {
    const hasEnded = revocations.isRevoked(revocationName({ kind: 'session', digest: record.digest }))
    return record.user === user && isSealed(record, keys.seal) && !hasEnded
  })
}

/** The one of a user's live sessions that is called `id`; `undefined` if there is none. */
export async function sessionCalled(
  id: string,
  user: string,
  options: Access,
): Promise<LiveSession | undefined> {
  const all = await sessionsOf(user, options)
  return all.find(({ record }) => sessionId(record.digest) === id)
}
