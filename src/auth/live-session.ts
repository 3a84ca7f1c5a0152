import { SallyportError } from '../errors.ts'
import type { RefusalReason } from './authenticator.ts'
import { principalOf, type Principal } from './principal.ts'
import { revocationName, type LiveRevocations } from './revocation.ts'
import { isBoundTo, type Holder, type SessionBinding } from './session-binding.ts'
import type { SessionKeys } from './session-keys.ts'
import { isSealed, type LiveSession, type SessionRecords, type SessionUse } from './session-record.ts'
import { digestOf, slotOf, slotOfToken } from './session-token.ts'

/** What sessions are judged by. */
export interface SessionAccess {
  readonly sessions: SessionRecords
  readonly keys: SessionKeys
  /** The live revocation list: what ended, whatever the store says. */
  readonly revocations: LiveRevocations
  /** What a session must be bound to. */
  readonly binding: SessionBinding
}

/** A token, and who presents it. */
export interface PresentedSession extends Holder {
  readonly token: string
  /** Ms since the epoch. */
  readonly now: number
  readonly use: SessionUse
}

/** A live session, and whose it is. */
export interface OwnedSession {
  readonly kind: 'live'
  readonly live: LiveSession
  readonly principal: Principal
}

/** The session behind a token, or why there is none. */
export type FoundSession = OwnedSession | { readonly kind: 'refused'; readonly reason: RefusalReason }

const INVALID: FoundSession = Object.freeze({ kind: 'refused', reason: 'session_invalid' })
const ELSEWHERE: FoundSession = Object.freeze({ kind: 'refused', reason: 'session_bound_elsewhere' })

/**
 * The live session behind a token, complete or pending, slid by a use. For the MCP route and for the pages: it counts
 * only if it is believed ({@link believedSession}), not on the live revocation list, and bound to who presents it.
 *
 * Fails closed: refused for anything else. Rejects with `STORE_UNAVAILABLE`, also while the list was not read for too
 * long, and for a session that must have ended: then the store has lost what ended it.
 */
export async function liveSession(presented: PresentedSession, access: SessionAccess): Promise<FoundSession> {
  const { revocations, binding } = access
  if (!revocations.isFresh()) throw unavailable('the live revocation list was not read for too long')
  const name = revocationName({ kind: 'session', digest: digestOf(presented.token) })
  if (revocations.isRevoked(name)) return INVALID
  const found = await believedSession(presented, access)
  // Once more, since nobody would judge anew who is let in by what the store said a moment before the list.
  if (found === undefined || revocations.isRevoked(name)) return INVALID
  if (isRolledBack(found, access)) return refusedAnew(presented, access)
  return isBoundTo(found.live.record.binding, presented, binding) ? found : ELSEWHERE
}

/**
 * What the store holds under a token, if it is ours, of this token and not over; slid by a use. The one place that
 * believes a record.
 *
 * Fails closed: `undefined` for anything else. Rejects with `STORE_UNAVAILABLE`.
 */
export async function believedSession(
  { token, now, use }: Pick<PresentedSession, 'token' | 'now' | 'use'>,
  { sessions, keys }: Pick<SessionAccess, 'sessions' | 'keys'>,
): Promise<OwnedSession | undefined> {
  const slot = slotOfToken(token)
  if (slot === undefined) return undefined
  const digest = digestOf(token)
  const live = await sessions.validate(digest, slot, now, use)
  if (live === undefined) return undefined
  const { record } = live
  const isOurs = record.digest === digest && slotOf(record.user) === slot && isSealed(record, keys.seal)
  const principal = principalOf('user', record.user)
  return isOurs && now < record.expiresAt && principal !== undefined
    ? { kind: 'live', live, principal }
    : undefined
}

function isRolledBack({ live: { record } }: OwnedSession, { revocations }: SessionAccess): boolean {
  return record.epoch < revocations.leastEpochOf(record.user) || revocations.isDisabled(record.user)
}

/** The sessions of this user may have ended after the store was asked; if it is of the same mind still, it has lost that. */
async function refusedAnew(presented: PresentedSession, access: SessionAccess): Promise<FoundSession> {
  const again = await believedSession({ ...presented, use: 'look' }, access)
  if (again === undefined) return INVALID
  throw unavailable(`the store has lost that sessions of ${again.principal.id} have ended`)
}

function unavailable(why: string): SallyportError {
  return new SallyportError('STORE_UNAVAILABLE', why)
}
