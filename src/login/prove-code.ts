import { addToHistory } from './add-to-history.ts'
import { hasSecondFactor } from './credentials.ts'
import { changeCredentials, type CredentialChange, type KnownUser } from './known-user.ts'
import type { Caller, LoginOptions } from './options.ts'
import { recordIfPossible, refusedCode } from './session-audit.ts'
import { takeCode, type TakenCode } from './take-code.ts'
import { tellOfFailedLogin } from './tell-of-failed-login.ts'
import type { Proof, Throttled } from './throttle.ts'
import type { User } from './user.ts'

/** A code, given by somebody who has proved a first factor. */
export interface CodeAttempt {
  /** Of the session that it is for, or as the password was found right. */
  readonly user: Pick<User, 'name' | 'epoch'>
  readonly code: string
  readonly caller: Caller
}

/** What became of a code. */
export type CodeOutcome =
  | { readonly kind: 'proved'; readonly known: KnownUser; readonly method: TakenCode['method'] }
  | { readonly kind: 'refused'; readonly reason: 'second_factor_refused' | 'session_invalid' }

/** As {@link spendCode}, if it is not one try too many. */
export async function proveCode(
  attempt: CodeAttempt & Pick<Proof, 'digest'>,
  options: LoginOptions,
): Promise<CodeOutcome | Extract<Throttled, { kind: 'wait' }>> {
  const proof = { user: attempt.user.name, digest: attempt.digest, caller: attempt.caller }
  const throttled = await options.throttle.code(proof)
  if (throttled.kind === 'wait') return throttled
  const outcome = await spendCode(attempt, options)
  if (outcome.kind === 'proved') await options.throttle.codeWasGood(proof)
  return outcome
}

/**
 * Takes a TOTP or recovery code of a user, once: however many try it at the same moment on however many nodes, one of
 * them has it (ASVS 5.0, 6.5.1). That it may be tried is for the caller to ask.
 *
 * Fails closed: refused for a code that is not right or was used, for a user without a second factor, and for one who
 * was disabled or whose sessions ended meanwhile. Rejects with `STORE_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function spendCode(attempt: CodeAttempt, options: LoginOptions): Promise<CodeOutcome> {
  const { user, caller } = attempt
  const outcome = await changeCredentials(
    user.name,
    (known) => judged(known, attempt, options.now()),
    options,
  )
  if (outcome === undefined) return ENDED
  if (outcome.kind === 'proved' && outcome.method === 'recovery_code')
    await addToHistory(user.name, 'recovery_code_used', caller, options)
  if (outcome === REFUSED) {
    await recordIfPossible(refusedCode(caller), options)
    await tellOfFailedLogin(user.name, caller, options)
  }
  return outcome
}

const REFUSED: CodeOutcome = Object.freeze({ kind: 'refused', reason: 'second_factor_refused' })
const ENDED: CodeOutcome = Object.freeze({ kind: 'refused', reason: 'session_invalid' })

function judged(
  { user, credentials }: KnownUser,
  attempt: CodeAttempt,
  now: number,
): CredentialChange<CodeOutcome> {
  if (user.disabled || user.epoch !== attempt.user.epoch) return { kind: 'leave', told: ENDED }
  const taken = hasSecondFactor(credentials) ? takeCode(credentials, attempt.code, now) : undefined
  if (taken === undefined) return { kind: 'leave', told: REFUSED }
  const known = { user: { ...user, revision: user.revision + 1 }, credentials: taken.credentials }
  const told = { kind: 'proved', known, method: taken.method } as const
  return { kind: 'write', credentials: taken.credentials, endSessions: false, told }
}
