import type { SessionRecord } from '../auth/session-record.ts'
import { openSession, type OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { passwordProblem } from './password.ts'
import { recordIfPossible, recordOrFail, refusedLogin, sessionEvent } from './session-audit.ts'
import type { User } from './user.ts'

/** A new password for the user of a live session. */
export interface PasswordChange {
  readonly record: SessionRecord
  readonly newPassword: string
  /** The present one; not asked for when it was good once and has just been given. */
  readonly password: string | undefined
  readonly caller: Caller
}

/** Either a session under a new id, all others having ended, or why not. */
export type PasswordChanged =
  | { readonly kind: 'changed'; readonly opened: OpenedSession }
  | {
      readonly kind: 'refused'
      readonly reason: 'password_missing' | 'invalid_credentials' | 'session_invalid'
    }
  | { readonly kind: 'unfit'; readonly problem: string }

/**
 * Sets the password of the user of a session and opens the session anew.
 *
 * Fails closed: a session that ended meanwhile stays ended (`session_invalid`; after a logout in the last moment the
 * password is the new one all the same). Rejects with `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function changePassword(
  change: PasswordChange,
  options: LoginOptions,
): Promise<PasswordChanged> {
  const { record, newPassword, password } = change
  if (record.pending === null && password === undefined) return refused('password_missing')
  const problem = passwordProblem(newPassword)
  if (problem !== undefined) return { kind: 'unfit', problem }
  const user = await options.users.find(record.user)
  if (user === undefined || user.epoch !== record.epoch) return refused('session_invalid')
  if (record.pending === null && !(await matches(password, user, options))) {
    await recordIfPossible(refusedLogin(change.caller), options)
    return refused('invalid_credentials')
  }
  if (await matches(newPassword, user, options)) return { kind: 'unfit', problem: UNCHANGED }
  const opened = await replaced(change, user, options)
  return opened === undefined ? refused('session_invalid') : { kind: 'changed', opened }
}

const UNCHANGED = 'The new password must be another than the present one.'

function refused(reason: Extract<PasswordChanged, { kind: 'refused' }>['reason']): PasswordChanged {
  return { kind: 'refused', reason }
}

async function matches(
  password: string | undefined,
  { passwordHash }: User,
  { passwords }: LoginOptions,
): Promise<boolean> {
  return password !== undefined && passwords.verify(password, passwordHash)
}

/** The end of the present session is on record before anything changes: it ends with the epoch, in any case. */
async function replaced(
  { record, newPassword, caller }: PasswordChange,
  user: User,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const passwordHash = await options.passwords.hash(newPassword)
  await recordOrFail(sessionEvent('session.ended', 'password_changed', record, caller), options)
  if (!(await options.users.setPassword(user.name, passwordHash, null, user.epoch))) return undefined
  const opening = {
    user: { name: user.name, epoch: user.epoch + 1, oneTimeUntil: null },
    pending: null,
    mfaAt: record.mfaAt,
    label: record.label,
    replaces: record.digest,
    reason: 'password_changed',
    caller,
  } as const
  return openSession(opening, options)
}
