import { digestOf } from '../auth/session-token.ts'
import type { KnownUser } from './known-user.ts'
import type { ProvenLogin } from './open-login.ts'
import type { Caller, LoginOptions } from './options.ts'
import { proveCode } from './prove-code.ts'
import { recordIfPossible, refusedCode } from './session-audit.ts'

/**
 * What a login has proved, once the password is right: the second factor too, if a code came with it. Such a login has
 * one try.
 *
 * Fails closed: `undefined` for a code that is not right, also because there were too many tries, which are not told
 * apart here. Rejects as {@link proveCode}.
 */
export async function proveLoginCode(
  known: KnownUser,
  attempt: {
    readonly code: string | undefined
    readonly caller: Caller
  },
  options: LoginOptions,
): Promise<Pick<ProvenLogin, 'known' | 'method' | 'mfaAt'> | undefined> {
  const { code, caller } = attempt
  if (code === undefined) return { known, method: 'password', mfaAt: null }
  const digest = digestOf(caller.requestId)
  const outcome = await proveCode({ user: known.user, digest, code, caller }, options)
  if (outcome.kind === 'wait') await recordIfPossible(refusedCode(caller), options)
  if (outcome.kind !== 'proved') return undefined
  return { known: outcome.known, method: ['password', outcome.method], mfaAt: options.now() }
}
