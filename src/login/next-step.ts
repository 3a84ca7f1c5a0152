import type { PendingStep } from '../auth/session-record.ts'
import { hasSecondFactor, type Credentials } from './credentials.ts'

/** What has been proved so far, and what the roles of the user ask for. */
export interface Proven {
  /** When a second factor was proved, in ms since the epoch; null for never. */
  readonly mfaAt: number | null
  /** Whether a role of the user says `mfa: required`. */
  readonly secondFactorRequired: boolean
}

/**
 * What is still to be done after a password or a passkey; null for nothing. The factor comes first, so that a password
 * that was reset is set anew only by who has the factor, too.
 */
export function nextStep(
  credentials: Credentials,
  { mfaAt, secondFactorRequired }: Proven,
): PendingStep | null {
  if (mfaAt === null && hasSecondFactor(credentials)) return 'second_factor'
  if (credentials.oneTimeUntil !== null) return 'change_password'
  return mfaAt === null && secondFactorRequired ? 'enrol' : null
}
