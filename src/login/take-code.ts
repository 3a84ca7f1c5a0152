import type { Credentials } from './credentials.ts'
import { recoveryCodeIn, withoutRecoveryCode } from './recovery-codes.ts'
import { totpCodeIn, totpStepOf } from './totp.ts'

/** A code that is good: what is left of the credentials once it is used. */
export interface TakenCode {
  readonly credentials: Credentials
  readonly method: 'totp' | 'recovery_code'
}

/**
 * Takes a TOTP or recovery code, told apart by their form. A code of a step that is used, or before one, is used; so is
 * everything while the clock stands before the last step that was taken.
 *
 * Fails closed: `undefined` for a code that is not right.
 *
 * @param typed what the person typed
 * @param now ms since the epoch
 */
export function takeCode(credentials: Credentials, typed: string, now: number): TakenCode | undefined {
  const code = totpCodeIn(typed)
  if (code !== undefined) return totpTaken(credentials, code, now)
  const recoveryCode = recoveryCodeIn(typed)
  return recoveryCode === undefined ? undefined : recoveryCodeTaken(credentials, recoveryCode)
}

function totpTaken(credentials: Credentials, code: string, now: number): TakenCode | undefined {
  const { totp } = credentials
  if (totp === null) return undefined
  const step = totpStepOf(totp.secret, code, now)
  if (step === undefined || step <= totp.lastStep) return undefined
  return { credentials: { ...credentials, totp: { ...totp, lastStep: step } }, method: 'totp' }
}

function recoveryCodeTaken(credentials: Credentials, code: string): TakenCode | undefined {
  const recoveryCodes = withoutRecoveryCode(credentials.recoveryCodes, code)
  return recoveryCodes && { credentials: { ...credentials, recoveryCodes }, method: 'recovery_code' }
}
