import type { FactorChanged } from '../audit/event.ts'
import type { SessionRecord } from '../auth/session-record.ts'
import { addToHistory } from './add-to-history.ts'
import { announceUser } from './announce-user.ts'
import { hasSecondFactor } from './credentials.ts'
import { changeCredentials, knownUser, type KnownUser } from './known-user.ts'
import type { OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { reopenSession } from './reopen-session.ts'
import { recordIfPossible, recordOrFail, refusedLogin, sessionEnded } from './session-audit.ts'

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
  | PasswordRefused
  | { readonly kind: 'unfit'; readonly problem: string }
  /** Too many tries: the present password was not checked. */
  | { readonly kind: 'wait'; readonly seconds: number }

interface PasswordRefused {
  readonly kind: 'refused'
  readonly reason: 'password_missing' | 'invalid_credentials' | 'session_invalid' | 'session_pending'
}

/**
 * Sets the password of the user of a session and opens the session anew (ASVS 5.0, 6.2.2 and 6.2.3).
 *
 * Fails closed: of several at once one succeeds; a session that ended meanwhile stays ended (`session_invalid`; after a
 * logout in the last moment the password is the new one all the same). Rejects with `STORE_UNAVAILABLE`,
 * `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function changePassword(
  change: PasswordChange,
  options: LoginOptions,
): Promise<PasswordChanged> {
  const { record } = change
  const known = await knownUser(record.user, options)
  if (known === undefined || known.user.epoch !== record.epoch) return refused('session_invalid')
  const fault = (await presentFault(change, known, options)) ?? (await newFault(change, known, options))
  if (fault !== undefined) return fault
  const opened = await replaced(change, known, options)
  return opened === undefined ? refused('session_invalid') : { kind: 'changed', opened }
}

function refused(reason: PasswordRefused['reason']): PasswordRefused {
  return { kind: 'refused', reason }
}

/** Whether it is the user who asks. Guesses count as those of a code do: whoever found a session has no others. */
async function presentFault(
  { record, password, caller }: PasswordChange,
  { credentials }: KnownUser,
  options: LoginOptions,
): Promise<PasswordChanged | undefined> {
  if (record.pending === 'change_password') return undefined
  if (record.pending !== null) return refused('session_pending')
  if (password === undefined) return refused('password_missing')
  const proof = { user: record.user, digest: record.digest, caller }
  const throttled = await options.throttle.code(proof)
  if (throttled.kind === 'wait') return throttled
  if (await options.passwords.verify(password, credentials.passwordHash)) {
    await options.throttle.codeWasNoGuess(proof)
    return undefined
  }
  await recordIfPossible(refusedLogin(caller), options)
  return refused('invalid_credentials')
}

async function newFault(
  { record, newPassword }: PasswordChange,
  { credentials }: KnownUser,
  { passwords }: LoginOptions,
): Promise<PasswordChanged | undefined> {
  const problem = await passwords.problemOf(newPassword, record.user)
  if (problem !== undefined) return { kind: 'unfit', problem }
  const isSame = await passwords.verify(newPassword, credentials.passwordHash)
  return isSame ? { kind: 'unfit', problem: UNCHANGED } : undefined
}

const UNCHANGED = 'The new password must be another than the present one.'

async function replaced(
  { record, newPassword, caller }: PasswordChange,
  before: KnownUser,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const passwordHash = await options.passwords.hash(newPassword)
  await recordOrFail(passwordEvent(record.user, caller), options)
  const known = await rewritten(before, passwordHash, options)
  if (known === undefined) return undefined
  await recordIfPossible(sessionEnded('password_changed', record, caller), options)
  await announceUser(record.user, known.user.epoch, options)
  await addToHistory(record.user, 'password_changed', caller, options)
  const { mfaAt } = record
  const isFresh = !hasSecondFactor(known.credentials)
  const rise = { record, known, method: 'password', mfaAt, isFresh, caller } as const
  return reopenSession({ ...rise, reason: 'password_changed' }, options)
}

/** Other changes meanwhile stay as they are; not another password, and nobody's sessions come back. */
async function rewritten(
  { user: { name, epoch }, credentials: { passwordHash: former } }: KnownUser,
  passwordHash: string,
  options: LoginOptions,
): Promise<KnownUser | undefined> {
  return changeCredentials<KnownUser | undefined>(
    name,
    ({ user, credentials }) => {
      if (user.epoch !== epoch || credentials.passwordHash !== former)
        return { kind: 'leave', told: undefined }
      const changed = { ...credentials, passwordHash, oneTimeUntil: null }
      const known = { user: { ...user, epoch: epoch + 1, revision: user.revision + 1 }, credentials: changed }
      return { kind: 'write', credentials: changed, endSessions: true, told: known }
    },
    options,
  )
}

function passwordEvent(user: string, { requestId, address }: Caller): FactorChanged {
  return { event: 'factor.added', requestId, principal: `user:${user}`, factor: 'password', address }
}
