import { principalOf, type Principal } from './principal.ts'
import type { SessionKeys } from './session-keys.ts'
import { isSealed, type LiveSession, type SessionRecords } from './session-record.ts'
import { digestOf, slotOf, slotOfToken } from './session-token.ts'

/** A live session, and whose it is. */
export interface OwnedSession {
  readonly live: LiveSession
  readonly principal: Principal
}

/**
 * The live session behind a token, complete or pending, slid by this use. The one place that believes a record, for
 * the MCP route and for the pages: what the store holds counts only if it is ours, of this token and not over.
 *
 * Fails closed: `undefined` for anything else. Rejects with `STORE_UNAVAILABLE`.
 *
 * @param now ms since the epoch
 */
export async function liveSession(
  token: string,
  records: SessionRecords,
  keys: SessionKeys,
  now: number,
): Promise<OwnedSession | undefined> {
  const slot = slotOfToken(token)
  if (slot === undefined) return undefined
  const digest = digestOf(token)
  const live = await records.validate(digest, slot, now)
  if (live === undefined) return undefined
  const { record } = live
  const isOurs = record.digest === digest && slotOf(record.user) === slot && isSealed(record, keys.seal)
  const principal = principalOf('user', record.user)
  return isOurs && now < record.expiresAt && principal !== undefined ? { live, principal } : undefined
}
