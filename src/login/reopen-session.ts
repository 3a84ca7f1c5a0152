import type { SessionChanged } from '../audit/event.ts'
import type { AuthenticationMethod, SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import { APPROVED_ELSEWHERE } from './fresh.ts'
import { openSession, type OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { nextStep } from './next-step.ts'
import type { KnownUser } from './known-user.ts'

/** What was proved anew in a session. */
export interface Rise {
  /** The session in which it was proved; it ends. */
  readonly record: SessionRecord
  /** Its user, as he is after whatever was changed. */
  readonly known: KnownUser
  /** What was given anew; nothing, where only the credentials were changed. */
  readonly method: AuthenticationMethod | readonly AuthenticationMethod[]
  /** When the second factor was proved, in ms since the epoch: now, or what the record says. */
  readonly mfaAt: number | null
  /** Whether the person proved everything anew that he can: a fresh authentication, with a life of its own. */
  readonly isFresh: boolean
  readonly reason: SessionChanged['reason']
  readonly caller: Caller
}

/**
 * Opens a session in place of the present one, under a new token, with what is known of its person now; pending if a
 * step is still missing (ASVS 5.0, 7.2.4). That the present one ends is for the caller to record.
 *
 * Fails closed: `undefined` if the present one has ended meanwhile: it is not brought back. Rejects with
 * `STORE_UNAVAILABLE` or `AUDIT_UNAVAILABLE`.
 */
export async function reopenSession(rise: Rise, options: LoginOptions): Promise<OpenedSession | undefined> {
  const { record, known, method, mfaAt, isFresh, reason, caller } = rise
  const { user, credentials } = known
  const pending = nextStep(known, mfaAt, options.rightsOf)
  const opened = await openSession(
    {
      user,
      pending,
      mfaAt,
      authenticationMethods: [...new Set([...record.authenticationMethods, method].flat())],
      label: isFresh && record.label === APPROVED_ELSEWHERE ? 'token' : record.label,
      replaces: record.digest,
      reason,
      caller,
      ...lifeOf(rise, credentials.oneTimeUntil),
    },
    options,
  )
  if (opened !== undefined && record.pending !== null && pending === null)
    await addToHistory(user.name, 'login', caller, options)
  return opened
}

/** A pending login gets its life when it is complete; what was complete keeps its end but for a fresh authentication. */
function lifeOf(
  { record, isFresh }: Rise,
  oneTimeUntil: number | null,
): { readonly authenticatedAt?: number; readonly endsBy?: number } {
  if (oneTimeUntil !== null) return { authenticatedAt: record.authenticatedAt, endsBy: oneTimeUntil }
  if (isFresh) return {}
  return {
    authenticatedAt: record.authenticatedAt,
    ...(record.pending === null ? { endsBy: record.expiresAt } : {}),
  }
}
