import { principalOf } from '../auth/principal.ts'
import { isSealed, type LiveSession } from '../auth/session-record.ts'
import { digestOf, slotOf, slotOfToken } from '../auth/session-token.ts'
import type { LoginOptions } from './options.ts'

/**
 * The live session behind a token, slid by this use.
 *
 * Fails closed: `undefined` for a token without a live record, and for a record that we did not seal or that is of
 * another token. Rejects with `STORE_UNAVAILABLE`.
 */
export async function liveSession(
  token: string,
  { sessions, keys, now }: Pick<LoginOptions, 'sessions' | 'keys' | 'now'>,
): Promise<LiveSession | undefined> {
  const slot = slotOfToken(token)
  if (slot === undefined) return undefined
  const digest = digestOf(token)
  const live = await sessions.validate(digest, slot, now())
  if (live === undefined) return undefined
  const { record } = live
  const speaks = record.digest === digest && slotOf(record.user) === slot && isSealed(record, keys.seal)
  return speaks && principalOf('user', record.user) !== undefined ? live : undefined
}
