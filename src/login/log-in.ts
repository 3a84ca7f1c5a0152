import { PRINCIPAL_NAME } from '../auth/principal.ts'
import type { LiveSession } from '../auth/session-record.ts'
import { endSession } from './end-session.ts'
import { openSession, type OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, refusedLogin, sessionEvent } from './session-audit.ts'
import type { User } from './user.ts'

/** A name and a password, from somewhere. */
export interface LoginAttempt {
  readonly username: string
  readonly password: string
  /** What holds the new session, for the list of one's sessions. */
  readonly label: 'browser' | 'token'
  /** The live session that the new one takes the place of. */
  readonly previous: LiveSession | undefined
  readonly caller: Caller
}

/**
 * Opens a session for whoever knows the password of a user; a pending one if the password was good for that once.
 *
 * Fails closed: `undefined`, at the same cost, for an unknown, disabled or malformed name, a wrong password, and a
 * one-time password that is too old. Rejects with `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function logIn(
  attempt: LoginAttempt,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const user = await provenUser(attempt, options)
  if (user === undefined) {
    await recordIfPossible(refusedLogin(attempt.caller), options)
    return undefined
  }
  const { previous, label, caller } = attempt
  const pending = user.oneTimeUntil === null ? null : 'change_password'
  const opening = { user, pending, mfaAt: null, label, reason: 'login', caller } as const
  const own = previous?.record.user === user.name ? previous.record.digest : undefined
  const replacing = own === undefined ? undefined : await openSession({ ...opening, replaces: own }, options)
  if (replacing !== undefined && previous !== undefined) {
    await recordIfPossible(sessionEvent('session.ended', 'rotated', previous.record, caller), options)
    return replacing
  }
  // What was to be replaced has ended meanwhile: the password was proved all the same.
  const opened = await openSession({ ...opening, replaces: undefined }, options)
  if (opened !== undefined && previous !== undefined)
    await endSession(previous.record, 'rotated', caller, options)
  return opened
}

async function provenUser(
  { username, password }: LoginAttempt,
  { users, passwords, now }: LoginOptions,
): Promise<User | undefined> {
  const user = PRINCIPAL_NAME.test(username) ? await users.find(username) : undefined
  const matches = await passwords.verify(password, user?.passwordHash)
  if (user === undefined || !matches || user.disabled) return undefined
  return user.oneTimeUntil === null || now() < user.oneTimeUntil ? user : undefined
}
