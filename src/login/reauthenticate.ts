import type { SessionRecord } from '../auth/session-record.ts'
import { hasSecondFactor } from './credentials.ts'
import { knownUser, type KnownUser } from './known-user.ts'
import type { OpenedSession } from './open-session.ts'
import type { Caller, LoginOptions } from './options.ts'
import { spendCode, type CodeOutcome } from './prove-code.ts'
import { rotateSession } from './rotate-session.ts'
import { recordIfPossible, refusedLogin } from './session-audit.ts'

/** What a person proves anew within a complete session. */
export interface Reauthentication {
  readonly record: SessionRecord
  readonly password: string
  /** TOTP or recovery code, of a user with a second factor. */
  readonly code: string | undefined
  readonly caller: Caller
}

/** A session under a new token that is fresh, or why there is none. */
export type Reauthenticated =
  | { readonly kind: 'fresh'; readonly opened: OpenedSession }
  | {
      readonly kind: 'refused'
      readonly reason: 'code_missing' | 'invalid_credentials' | 'session_invalid' | 'session_pending'
    }
  /** Too many tries: nothing was checked. */
  | { readonly kind: 'wait'; readonly seconds: number }

/**
 * Proves again who has a session: by the password, and by a code too if there is a second factor (ASVS 5.0, 7.5.1).
 *
 * Fails closed, with one answer for a wrong password and a wrong code; a login that is not complete is no authentication
 * to be renewed. Rejects with `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function reauthenticate(
  attempt: Reauthentication,
  options: LoginOptions,
): Promise<Reauthenticated> {
  const { record, caller } = attempt
  if (record.pending !== null) return refused('session_pending')
  const known = await knownUser(record.user, options)
  if (known === undefined || known.user.epoch !== record.epoch) return refused('session_invalid')
  if (hasSecondFactor(known.credentials) && attempt.code === undefined) return refused('code_missing')
  const proof = { user: record.user, digest: record.digest, caller }
  const throttled = await options.throttle.code(proof)
  if (throttled.kind === 'wait') return throttled
  const proved = await provedBy(attempt, known, options)
  if (proved.kind === 'refused') return proved
  await options.throttle.codeWasGood(proof)
  const { methods, mfaAt } = proved
  const rise = { record, known: proved.known, method: methods, mfaAt, isFresh: true, caller } as const
  const opened = await rotateSession({ ...rise, reason: 'reauthenticated' }, options)
  return opened === undefined ? refused('session_invalid') : { kind: 'fresh', opened }
}

type Refused = Extract<Reauthenticated, { kind: 'refused' }>

interface Proved {
  readonly kind: 'proved'
  readonly known: KnownUser
  readonly methods: readonly ('password' | 'totp' | 'recovery_code')[]
  readonly mfaAt: number | null
}

function refused(reason: Refused['reason']): Refused {
  return { kind: 'refused', reason }
}

async function provedBy(
  { password, code, caller }: Reauthentication,
  known: KnownUser,
  options: LoginOptions,
): Promise<Proved | Refused> {
  if (!(await options.passwords.verify(password, known.credentials.passwordHash))) {
    await recordIfPossible(refusedLogin(caller), options)
    return refused('invalid_credentials')
  }
  if (!hasSecondFactor(known.credentials))
    return { kind: 'proved', known, methods: ['password'], mfaAt: null }
  return withCode(await spendCode({ user: known.user, code: code ?? '', caller }, options), options)
}

function withCode(outcome: CodeOutcome, { now }: LoginOptions): Proved | Refused {
  if (outcome.kind === 'proved') return { ...outcome, methods: ['password', outcome.method], mfaAt: now() }
  return refused(outcome.reason === 'session_invalid' ? 'session_invalid' : 'invalid_credentials')
}
