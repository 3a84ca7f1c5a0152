import { PRINCIPAL_NAME } from '../auth/principal.ts'
import type { LiveSession } from '../auth/session-record.ts'
import { endSession } from './end-session.ts'
import { knownUser, type KnownUser } from './known-user.ts'
import { nextStep } from './next-step.ts'
import { openSession, type OpenedSession, type Opening } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { secondFactorRequired } from './second-factor-required.ts'
import { recordIfPossible, refusedLogin, sessionEvent } from './session-audit.ts'

/** A name and a password, from somewhere. */
export interface LoginAttempt {
  readonly username: string
  readonly password: string
  /** What holds the new session, for the list of one's sessions. */
  readonly label: 'browser' | 'token'
  /** The live session that the new one takes the place of. */
  readonly previous: LiveSession | undefined
  /** A browser in which this user logged in before, if it is one. */
  readonly device: string | undefined
  readonly caller: Caller
}

/** What became of a login. */
export type LoginOutcome =
  | { readonly kind: 'opened'; readonly opened: OpenedSession }
  | { readonly kind: 'refused' }
  /** Too many tries: nothing was checked. */
  | { readonly kind: 'wait'; readonly seconds: number }

const REFUSED: LoginOutcome = Object.freeze({ kind: 'refused' })

/**
 * Opens a session for whoever knows the password of a user; a pending one while a step is missing.
 *
 * Fails closed: refused, at the same cost, for an unknown, disabled or malformed name, a wrong password, and a
 * one-time password that is too old. Rejects with `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function logIn(attempt: LoginAttempt, options: LoginOptions): Promise<LoginOutcome> {
  const { username, caller, device } = attempt
  const tried = { user: username, address: caller.address, device }
  const throttled = await options.throttle.login(tried)
  if (throttled.kind === 'wait') return throttled
  const known = await provenUser(attempt, options)
  if (known === undefined) {
    await recordIfPossible(refusedLogin(caller), options)
    return REFUSED
  }
  const welcome = await options.throttle.loggedIn(tried)
  if (welcome.kind === 'wait') return welcome
  const opened = await openedFor(known, attempt, options)
  return opened === undefined ? REFUSED : { kind: 'opened', opened }
}

async function openedFor(
  { user, credentials }: KnownUser,
  { previous, label, caller }: LoginAttempt,
  options: LoginOptions,
): Promise<OpenedSession | undefined> {
  const required = secondFactorRequired(user.name, options.rightsOf)
  const opening: Omit<Opening, 'replaces'> = {
    user,
    pending: nextStep(credentials, { mfaAt: null, secondFactorRequired: required }),
    mfaAt: null,
    authenticationMethods: ['password'],
    endsBy: credentials.oneTimeUntil ?? undefined,
    binding: null,
    label,
    reason: 'login',
    caller,
  }
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
  { username, password }: Pick<LoginAttempt, 'username' | 'password'>,
  options: LoginOptions,
): Promise<KnownUser | undefined> {
  const { passwords, now } = options
  const known = PRINCIPAL_NAME.test(username) ? await knownUser(username, options) : undefined
  const matches = await passwords.verify(password, known?.credentials.passwordHash)
  if (known === undefined || !matches || known.user.disabled) return undefined
  const { oneTimeUntil } = known.credentials
  return oneTimeUntil === null || now() < oneTimeUntil ? known : undefined
}
