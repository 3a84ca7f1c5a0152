import type { PendingStep, SessionRecord } from '../auth/session-record.ts'
import { knownUser } from './known-user.ts'
import { nextStep, secondFactorRequired } from './next-step.ts'
import type { LoginOptions } from './options.ts'

/**
 * The step that a session lacks now; null for nothing. Beside what was missing when it was opened that is the second
 * factor which a role of its user has come to ask for since.
 *
 * Fails closed: credentials that cannot be opened lack a second factor that nobody can give. Rejects with
 * `STORE_UNAVAILABLE`.
 */
export async function lackingStep(
  { pending, mfaAt, user }: Pick<SessionRecord, 'pending' | 'mfaAt' | 'user'>,
  options: Pick<LoginOptions, 'users' | 'vault' | 'rightsOf'>,
): Promise<PendingStep | null> {
  if (pending !== null || mfaAt !== null) return pending
  if (!secondFactorRequired(user, options.rightsOf)) return null
  const known = await knownUser(user, options)
  if (known === undefined) return 'second_factor'
  return nextStep(known, mfaAt, options.rightsOf)
}
