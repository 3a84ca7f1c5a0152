import { principalOf } from '../auth/principal.ts'
import type { PendingStep } from '../auth/session-record.ts'
import { hasSecondFactor } from './credentials.ts'
import type { KnownUser } from './known-user.ts'
import type { RightsOfPerson } from './options.ts'

/**
 * What is still to be done after a password or a passkey; null for nothing. The factor comes first, so that a password
 * that was reset is set anew only by who has the factor, too.
 *
 * @param mfaAt when a second factor was proved, in ms since the epoch; null for never
 */
export function nextStep(
  { user, credentials }: KnownUser,
  mfaAt: number | null,
  rightsOf: RightsOfPerson,
): PendingStep | null {
  if (mfaAt === null && hasSecondFactor(credentials)) return 'second_factor'
  if (credentials.oneTimeUntil !== null) return 'change_password'
  return mfaAt === null && secondFactorRequired(user.name, rightsOf) ? 'enrol' : null
}

/** Whether a role of this user says `mfa: required`. Fails closed: true for a name that is none. */
export function secondFactorRequired(user: string, rightsOf: RightsOfPerson): boolean {
  const principal = principalOf('user', user)
  return principal === undefined || rightsOf(principal).secondFactorRequired
}
