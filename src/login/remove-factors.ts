import type { SessionRecord } from '../auth/session-record.ts'
import {
  changeFactors,
  type FactorDecision,
  type FactorEvent,
  type FactorsChanged,
} from './change-factors.ts'
import { hasSecondFactor, type Credentials } from './credentials.ts'
import type { Caller, LoginOptions } from './options.ts'
import { newRecoveryCodes } from './recovery-codes.ts'

/** New recovery codes, shown once, or why there are none. */
export type RecoveryCodesMade =
  | (Extract<FactorsChanged, { kind: 'changed' }> & { readonly recoveryCodes: readonly string[] })
  | Extract<FactorsChanged, { kind: 'refused' }>

/** Removes the authenticator app of the user of a session; `conflict` if there is none. As {@link changeFactors}. */
export async function removeTotp(
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<FactorsChanged> {
  return changeFactors({ record, caller, decide: withoutTotp, proves: null }, options)
}

/**
 * Makes ten new recovery codes in place of all that are left; `conflict` for a user without a second factor. As
 * {@link changeFactors}.
 */
export async function makeRecoveryCodes(
  record: SessionRecord,
  caller: Caller,
  options: LoginOptions,
): Promise<RecoveryCodesMade> {
  const { codes, digests } = newRecoveryCodes()
  const decide = (credentials: Credentials): FactorDecision =>
    hasSecondFactor(credentials)
      ? { kind: 'change', credentials: { ...credentials, recoveryCodes: digests }, events: [CODES_ADDED] }
      : { kind: 'refused', reason: 'conflict' }
  const changed = await changeFactors({ record, caller, decide, proves: null }, options)
  return changed.kind === 'changed' ? { ...changed, recoveryCodes: codes } : changed
}

/**
 * What is left once a factor is removed. Recovery codes are no factor by themselves: they go with the last one.
 *
 * @param credentials without the factor
 */
export function withoutFactor(credentials: Credentials, factor: FactorEvent['factor']): FactorDecision {
  const removed: FactorEvent = { event: 'factor.removed', factor }
  if (hasSecondFactor(credentials) || credentials.recoveryCodes.length === 0)
    return { kind: 'change', credentials, events: [removed] }
  return {
    kind: 'change',
    credentials: { ...credentials, recoveryCodes: [] },
    events: [removed, CODES_REMOVED],
  }
}

const CODES_ADDED: FactorEvent = { event: 'factor.added', factor: 'recovery_codes' }
const CODES_REMOVED: FactorEvent = { event: 'factor.removed', factor: 'recovery_codes' }

function withoutTotp(credentials: Credentials): FactorDecision {
  if (credentials.totp === null) return { kind: 'refused', reason: 'conflict' }
  return withoutFactor({ ...credentials, totp: null }, 'totp')
}
