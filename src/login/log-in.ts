import { PRINCIPAL_NAME } from '../auth/principal.ts'
import { knownUser, type KnownUser } from './known-user.ts'
import { openLogin, type ProvenLogin } from './open-login.ts'
import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { refreshCredentials } from './refresh-credentials.ts'
import { proveLoginCode } from './prove-login-code.ts'
import { recordIfPossible, refusedLogin } from './session-audit.ts'

/** A name and a password, from somewhere. */
export interface LoginAttempt extends Pick<ProvenLogin, 'label' | 'previous' | 'caller'> {
  readonly username: string
  readonly password: string
  /** Of the second factor, if it is given at once. */
  readonly code: string | undefined
}

/** What became of a login. */
export type LoginOutcome =
  | { readonly kind: 'opened'; readonly opened: OpenedSession }
  | { readonly kind: 'refused' }
  /** Too many tries: nothing was checked. */
  | { readonly kind: 'wait'; readonly seconds: number }

const REFUSED: LoginOutcome = Object.freeze({ kind: 'refused' })

/**
 * Opens a session for whoever knows the password of a user; a pending one while a step is missing, and none at all for
 * a code that is not right.
 *
 * Fails closed: refused, at the same cost, for an unknown, disabled or malformed name, a wrong password, and a
 * one-time password that is too old; in the same words for a wrong code, and for a code where there is no factor.
 * Rejects with `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function logIn(attempt: LoginAttempt, options: LoginOptions): Promise<LoginOutcome> {
  const { username, caller } = attempt
  const tried = { user: username, caller }
  const throttled = await options.throttle.login(tried)
  if (throttled.kind === 'wait') return throttled
  const known = await provenUser(attempt, options)
  if (known === undefined) {
    await recordIfPossible(refusedLogin(caller), options)
    return REFUSED
  }
  const proved = await proveLoginCode(known, attempt, options)
  if (proved === undefined) return REFUSED
  const welcome = await options.throttle.loggedIn(tried, username)
  if (welcome.kind === 'wait') return welcome
  await refreshCredentials(known, attempt.password, caller.requestId, options)
  const opened = await openLogin({ ...attempt, ...proved }, options)
  return opened === undefined ? REFUSED : { kind: 'opened', opened }
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
