import type { SessionRecord } from '../auth/session-record.ts'
import { announceUser } from './announce-user.ts'
import { knownUser, type KnownUser } from './known-user.ts'
import type { OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { passwordProblem } from './password.ts'
import { reopenSession } from './reopen-session.ts'
import { recordIfPossible, recordOrFail, refusedLogin, sessionEvent } from './session-audit.ts'

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
      readonly reason: 'password_missing' | 'invalid_credentials' | 'session_invalid' | 'session_pending'
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
  const isForced = record.pending === 'change_password'
  if (record.pending !== null && !isForced) return refused('session_pending')
  if (!isForced && password === undefined) return refused('password_missing')
  const problem = passwordProblem(newPassword)
  if (problem !== undefined) return { kind: 'unfit', problem }
  const known = await knownUser(record.user, options)
  if (known === undefined || known.user.epoch !== record.epoch) return refused('session_invalid')
  const { passwordHash } = known.credentials
  if (!isForced && !(await matches(password, passwordHash, options))) {
    await recordIfPossible(refusedLogin(change.caller), options)
    return refused('invalid_credentials')
  }
  if (await matches(newPassword, passwordHash, options)) return { kind: 'unfit', problem: UNCHANGED }
  const opened = await replaced(change, known, options)
  return opened === undefined ? refused('session_invalid') : { kind: 'changed', opened }
}

const UNCHANGED = 'The new password must be another than the present one.'

function refused(reason: Extract<PasswordChanged, { kind: 'refused' }>['reason']): PasswordChanged {
  return { kind: 'refused', reason }
}

async function matches(
  password: string | undefined,
  passwordHash: string,
  { passwords }: LoginOptions,
): Promise<boolean> {
  return password !== undefined && passwords.verify(password, passwordHash)
}

/** The end of the present session is on record before anything changes: it ends with the epoch, in any case. */
async function replaced(
  { record, newPassword, caller }: PasswordChange,
  { user, credentials }: KnownUser,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const changed = {
    ...credentials,
    passwordHash: await options.passwords.hash(newPassword),
    oneTimeUntil: null,
  }
  const sealed = options.vault.seal(user.name, changed)
  await recordOrFail(sessionEvent('session.ended', 'password_changed', record, caller), options)
  if (!(await options.users.update(user.name, { credentials: sealed, endSessions: true }, user.revision)))
    return undefined
  const epoch = user.epoch + 1
  await announceUser(user.name, epoch, options)
  const known = { user: { ...user, epoch, revision: user.revision + 1 }, credentials: changed }
  const { mfaAt } = record
  const rise = { record, known, method: 'password', mfaAt, isFresh: true, caller } as const
  return reopenSession({ ...rise, reason: 'password_changed' }, options)
}
