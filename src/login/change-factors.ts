import type { FactorChanged } from '../audit/event.ts'
import type { AuthenticationMethod, SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import { announceUser } from './announce-user.ts'
import { hasSecondFactor, type Credentials } from './credentials.ts'
import { mayChangeFactors } from './fresh.ts'
import type { HistoryEvent } from './history.ts'
import { changeCredentials, knownUser, type CredentialChange, type KnownUser } from './known-user.ts'
import type { OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { rotateSession } from './rotate-session.ts'
import { recordOrFail } from './session-audit.ts'

/** Why what a user logs in by was not changed. */
export type FactorRefusal =
  | 'session_invalid'
  | 'reauthentication_required'
  | 'second_factor_refused'
  /** What was to be changed is not as it would have to be. */
  | 'conflict'

/** What happens to one factor. */
export type FactorEvent = Pick<FactorChanged, 'event' | 'factor'>

/** What is to become of the credentials as they are. */
export type FactorDecision =
  | { readonly kind: 'change'; readonly credentials: Credentials; readonly events: readonly FactorEvent[] }
  | { readonly kind: 'refused'; readonly reason: FactorRefusal }

/** A change of what the user of a session logs in by. */
export interface FactorChange {
  readonly record: SessionRecord
  readonly caller: Caller
  /** Decides, without effects: it is asked more than once. */
  readonly decide: (credentials: Credentials, now: number) => FactorDecision
  /** The second factor that is proved by the change itself; null for none. */
  readonly proves: AuthenticationMethod | null
}

/** Either a session under a new token, all others having ended, or why nothing was changed. */
export type FactorsChanged =
  | { readonly kind: 'changed'; readonly opened: OpenedSession; readonly credentials: Credentials }
  | { readonly kind: 'refused'; readonly reason: FactorRefusal }

/**
 * Changes what the user of a session logs in by, ends all of his sessions and opens this one anew, with what it has
 * proved: nothing, once there is no second factor.
 *
 * Fails closed: refused unless the authentication is fresh; what cannot be recorded does not happen. A session that
 * ended meanwhile stays ended (`session_invalid`; the change itself may have happened). Rejects with
 * `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function changeFactors(change: FactorChange, options: LoginOptions): Promise<FactorsChanged> {
  const { record, caller } = change
  const name = record.user
  const before = await knownUser(name, options)
  if (before === undefined) return refused('session_invalid')
  const decided = decidedOn(before, change, options.now())
  if (decided.kind === 'refused') return decided
  for (const event of decided.events) await recordOrFail(factorEvent(event, name, caller), options)
  const written = await changeCredentials(name, (known) => writing(known, change, options.now()), options)
  if (written === undefined) return refused('session_invalid')
  if (written.kind === 'refused') return written
  await announceUser(name, written.known.user.epoch, options)
  for (const event of decided.events) await tell(event, change, options)
  const opened = await rotateSession(riseOf(written.known, change, options.now()), options)
  const { credentials } = written.known
  return opened === undefined ? refused('session_invalid') : { kind: 'changed', opened, credentials }
}

/** The same question before anything is done, as for a secret that is shown and not yet a factor. */
export function factorRefusal(
  record: SessionRecord,
  { user, credentials }: KnownUser,
  now: number,
): Extract<FactorRefusal, 'session_invalid' | 'reauthentication_required'> | undefined {
  if (user.disabled || user.epoch !== record.epoch) return 'session_invalid'
  return mayChangeFactors(record, credentials, now) ? undefined : 'reauthentication_required'
}

function refused(reason: FactorRefusal): { readonly kind: 'refused'; readonly reason: FactorRefusal } {
  return { kind: 'refused', reason }
}

function decidedOn(known: KnownUser, { record, decide }: FactorChange, now: number): FactorDecision {
  const reason = factorRefusal(record, known, now)
  return reason === undefined ? decide(known.credentials, now) : refused(reason)
}

type Written = { readonly kind: 'written'; readonly known: KnownUser } | ReturnType<typeof refused>

function writing(known: KnownUser, change: FactorChange, now: number): CredentialChange<Written> {
  const decided = decidedOn(known, change, now)
  if (decided.kind === 'refused') return { kind: 'leave', told: decided }
  const { credentials } = decided
  const { epoch, revision } = known.user
  const user = { ...known.user, epoch: epoch + 1, revision: revision + 1 }
  const told = { kind: 'written', known: { user, credentials } } as const
  return { kind: 'write', credentials, endSessions: true, told }
}

function riseOf(
  known: KnownUser,
  { record, caller, proves }: FactorChange,
  now: number,
): Parameters<typeof rotateSession>[0] {
  const mfaAt = proves === null ? record.mfaAt : now
  return {
    record,
    known,
    method: proves ?? [],
    mfaAt: hasSecondFactor(known.credentials) ? mfaAt : null,
    isFresh: false,
    reason: proves === null ? 'rotated' : 'enrolled',
    caller,
  }
}

function factorEvent(event: FactorEvent, user: string, { requestId, address }: Caller): FactorChanged {
  return { ...event, requestId, principal: `user:${user}`, address }
}

const ADDED: Readonly<Record<FactorEvent['factor'], HistoryEvent>> = {
  password: 'password_changed',
  totp: 'totp_added',
  recovery_codes: 'recovery_codes_made',
  passkey: 'passkey_added',
}
const REMOVED: Partial<Readonly<Record<FactorEvent['factor'], HistoryEvent>>> = {
  totp: 'totp_removed',
  passkey: 'passkey_removed',
}

async function tell(
  { event, factor }: FactorEvent,
  { record, caller }: FactorChange,
  options: LoginOptions,
): Promise<void> {
  const told = (event === 'factor.added' ? ADDED : REMOVED)[factor]
  if (told !== undefined) await addToHistory(record.user, told, caller, options)
}
