import { addToHistory } from './add-to-history.ts'
import { endOtherSessions } from './end-other-sessions.ts'
import { endSession } from './end-session.ts'
import { endSessions } from './end-sessions.ts'
import { isFresh } from './fresh.ts'
import type { OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { sessionCalled } from './sessions-of.ts'
import type { KnownVisitor } from './visitor.ts'

/** What somebody wants to end of his own sessions: the one that is called so, all others, or all. */
export type Wanted =
  | { readonly kind: 'one'; readonly id: string }
  | { readonly kind: 'others' }
  | { readonly kind: 'all' }

/** What became of it, and of the session that asked. */
export type EndedOwn =
  /** It goes on as it is. */
  | { readonly kind: 'goes_on' }
  /** It goes on under a new token. */
  | { readonly kind: 'rotated'; readonly opened: OpenedSession }
  /** It has ended. */
  | { readonly kind: 'over' }
  /** Whoever asks must prove first that he still is there; nothing was done. */
  | { readonly kind: 'stale' }
  /** There is no such session of this user, and nothing was done. */
  | { readonly kind: 'unknown' }

/**
 * Ends sessions of whoever asks, if he has just proved who he is (ASVS 5.0, 7.5.2). Rejects with `STORE_UNAVAILABLE` or
 * `AUDIT_UNAVAILABLE`.
 */
export async function endOwn(
  wanted: Wanted,
  { live: { record } }: KnownVisitor,
  caller: Caller,
  options: LoginOptions,
): Promise<EndedOwn> {
  const { user } = record
  if (!isFresh(record, options.now())) return { kind: 'stale' }
  if (wanted.kind === 'others') {
    const opened = await endOtherSessions(record, caller, options)
    return opened === undefined ? { kind: 'over' } : { kind: 'rotated', opened }
  }
  if (wanted.kind === 'all') {
    await endSessions(user, { by: `user:${user}`, caller }, options)
    return { kind: 'over' }
  }
  const one = await sessionCalled(wanted.id, user, options)
  if (one === undefined) return { kind: 'unknown' }
  await endSession(one.record, 'ended_by_owner', caller, options)
  await addToHistory(user, 'session_ended', caller, options)
  return { kind: one.record.digest === record.digest ? 'over' : 'goes_on' }
}
