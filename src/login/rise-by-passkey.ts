import type { OpenedSession } from './open-session.ts'
import type { LoginOptions } from './options.ts'
import { provePasskey, type PasskeyAnswer } from './prove-passkey.ts'
import { rotateSession } from './rotate-session.ts'
import { recordIfPossible, refusedCode } from './session-audit.ts'
import { tellOfFailedLogin } from './tell-of-failed-login.ts'
import type { KnownVisitor } from './visitor.ts'

/** A passkey in a session: as the second factor that it lacks, or to prove anew who is there. */
export interface PasskeyRise extends PasskeyAnswer {
  readonly visitor: Pick<KnownVisitor, 'live' | 'lacks'>
}

/** Either the session under a new token, or why not. */
export type PasskeyRisen =
  | { readonly kind: 'risen'; readonly opened: OpenedSession }
  | { readonly kind: 'refused'; readonly reason: 'second_factor_refused' | 'session_invalid' }
  /** Too many tries: nothing was checked. */
  | { readonly kind: 'wait'; readonly seconds: number }

/**
 * Takes a passkey of the user of a session, and opens the session anew with what was proved: everything, since a
 * passkey verifies its user.
 *
 * Fails closed: refused as `provePasskey` does, and `session_invalid` if the session has ended meanwhile. Rejects with
 * `STORE_UNAVAILABLE`, `AUDIT_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function riseByPasskey(rise: PasskeyRise, options: LoginOptions): Promise<PasskeyRisen> {
  const { caller, visitor } = rise
  const { record } = visitor.live
  const tried = { user: record.user, digest: record.digest, caller }
  const throttled = await options.throttle.code(tried)
  if (throttled.kind === 'wait') return throttled
  const proven = await provePasskey(
    { ...rise, user: record.user, isFit: ({ user }) => !user.disabled && user.epoch === record.epoch },
    options,
  )
  if (proven.kind === 'refused') {
    await recordIfPossible({ ...refusedCode(caller), detail: proven.detail }, options)
    await tellOfFailedLogin(record.user, caller, options)
    return { kind: 'refused', reason: 'second_factor_refused' }
  }
  await options.throttle.codeWasGood(tried)
  const opened = await rotateSession(
    {
      record,
      known: proven.known,
      method: 'passkey',
      mfaAt: options.now(),
      isFresh: true,
      reason: visitor.lacks === null ? 'reauthenticated' : 'second_factor',
      caller,
    },
    options,
  )
  return opened === undefined ? { kind: 'refused', reason: 'session_invalid' } : { kind: 'risen', opened }
}
