import type { UserChanged } from '../audit/event.ts'
import { announceUser } from './announce-user.ts'
import { addToHistory } from './add-to-history.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible } from './session-audit.ts'

/** Who ends the sessions of a user, and how that is told to the user. */
export interface Ender {
  /** A principal. */
  readonly by: string
  /** As the history of the account shows him: without address and device, where it is not the owner. */
  readonly caller: Caller
}

/**
 * Ends every session of a user, pending logins among them: tells every node, records it, and tells the owner. Goes
 * through without the audit trail.
 *
 * Rejects with `STORE_UNAVAILABLE`: then nobody may rely on it.
 *
 * @returns the epoch of sessions to come; `undefined` if there is no such user
 */
export async function endSessions(
  user: string,
  { by, caller }: Ender,
  options: LoginOptions,
): Promise<number | undefined> {
  const epoch = await options.sessions.endAll(user)
  if (epoch === undefined) return undefined
  await announceUser(user, epoch, options)
  const event: UserChanged = { event: 'user.sessions_ended', principal: `user:${user}`, by }
  await recordIfPossible(event, options)
  await addToHistory(user, 'sessions_ended', caller, options)
  return epoch
}
