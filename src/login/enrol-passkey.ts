import type { SessionRecord } from '../auth/session-record.ts'
import {
  changeFactors,
  type FactorDecision,
  type FactorEvent,
  type FactorsChanged,
} from './change-factors.ts'
import type { Credentials, Passkey } from './credentials.ts'
import type { Caller, LoginOptions } from './options.ts'
import { challengeId } from './passkey-challenge.ts'
import { challengeIn } from './passkey-client-data.ts'
import type { AttestationFields } from './passkey-fields.ts'
import { passkeyLabel } from './passkey-label.ts'
import type { PasskeySite } from './passkey-site.ts'
import { newRecoveryCodes, type RecoveryCodes } from './recovery-codes.ts'
import { recordIfPossible, refusedCode } from './session-audit.ts'
import { verifyAttestation, type NewPasskey } from './verify-attestation.ts'

/** More than so many nobody needs, and each is asked for by its id. */
export const MOST_PASSKEYS = 10

/** A new passkey for the user of a session. */
export interface PasskeyEnrolment {
  readonly record: SessionRecord
  readonly attestation: AttestationFields
  readonly site: PasskeySite
  /** For whom the challenge must have been made (`form-guard.ts`). */
  readonly holder: string
  readonly caller: Caller
}

/** Either the session under a new token, with recovery codes if there were none, or why not. */
export type PasskeyEnrolled =
  | (Extract<FactorsChanged, { kind: 'changed' }> & { readonly recoveryCodes?: readonly string[] })
  | Extract<FactorsChanged, { kind: 'refused' }>

/**
 * Adds a passkey to what a user logs in by, which ends his other sessions.
 *
 * An id that another user has is no fault: a passkey is looked for only in the credentials of the user whose handle it
 * gives. Fails closed: as `changeFactors`, and for whatever does not verify. Rejects as it does.
 */
export async function enrolPasskey(
  enrolment: PasskeyEnrolment,
  options: LoginOptions,
): Promise<PasskeyEnrolled> {
  const { record, caller, attestation } = enrolment
  const made = await madePasskey(enrolment, options)
  if (made === undefined) {
    await recordIfPossible(refusedCode(caller), options)
    return { kind: 'refused', reason: 'second_factor_refused' }
  }
  const codes = newRecoveryCodes()
  const label = passkeyLabel(attestation.label, caller.userAgent)
  const decide = (credentials: Credentials, now: number): FactorDecision =>
    withPasskey(credentials, { ...made, label, answered: [], addedAt: now, lastUsedAt: null }, codes)
  const changed = await changeFactors({ record, caller, decide, proves: 'passkey' }, options)
  if (changed.kind === 'refused') return changed
  const areNew = changed.credentials.recoveryCodes === codes.digests
  return { ...changed, ...(areNew ? { recoveryCodes: codes.codes } : {}) }
}

async function madePasskey(
  { attestation, site, holder }: PasskeyEnrolment,
  { keys, now }: LoginOptions,
): Promise<NewPasskey | undefined> {
  const challenge = challengeIn(attestation.clientDataJSON) ?? ''
  const isOurs = challengeId(challenge, { use: 'create', holder }, now(), keys.challenge) !== undefined
  return isOurs ? verifyAttestation(attestation, challenge, site) : undefined
}

function withPasskey(credentials: Credentials, passkey: Passkey, codes: RecoveryCodes): FactorDecision {
  const { passkeys, recoveryCodes } = credentials
  if (passkeys.length >= MOST_PASSKEYS || passkeys.some(({ id }) => id === passkey.id))
    return { kind: 'refused', reason: 'conflict' }
  const isFirst = recoveryCodes.length === 0
  return {
    kind: 'change',
    credentials: {
      ...credentials,
      passkeys: [...passkeys, passkey],
      recoveryCodes: isFirst ? codes.digests : recoveryCodes,
    },
    events: [PASSKEY_ADDED, ...(isFirst ? [CODES_MADE] : [])],
  }
}

const PASSKEY_ADDED: FactorEvent = { event: 'factor.added', factor: 'passkey' }
const CODES_MADE: FactorEvent = { event: 'factor.added', factor: 'recovery_codes' }
