import { z } from 'zod'
import type { FormFields } from './fields.ts'

/**
 * The proof of a passkey: what `PublicKeyCredential.toJSON()` gives (WebAuthn Level 3, section 5.1), flat, and no more
 * of it than is needed.
 */
export interface AssertionFields {
  readonly id: string
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
  readonly userHandle?: string | undefined
}

/** A new passkey, likewise. */
export interface AttestationFields {
  readonly clientDataJSON: string
  readonly attestationObject: string
  /** Names with spaces between them. */
  readonly transports?: string | undefined
  /** What its owner calls it. */
  readonly label?: string | undefined
}

/** Which passkey is to go. */
export interface RemovalFields {
  readonly id: string
}

const base64url = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/)

/** At most 1023 bytes (WebAuthn Level 3, section 7.1). */
const credentialId = base64url(1_364)

const assertion = {
  id: credentialId,
  clientDataJSON: base64url(4_096),
  authenticatorData: base64url(4_096),
  signature: base64url(2_048),
  userHandle: base64url(128).optional(),
}

const attestation = {
  clientDataJSON: base64url(4_096),
  attestationObject: base64url(10_240),
  transports: z.string().max(128).optional(),
  label: z.string().max(64).optional(),
}

const csrf = z.string().max(128)

export const assertionFields: z.ZodType<AssertionFields> = z.strictObject(assertion)
export const attestationFields: z.ZodType<AttestationFields> = z.strictObject(attestation)
export const attestationForm: z.ZodType<AttestationFields & FormFields> = z.strictObject({
  csrf,
  ...attestation,
})
export const removalFields: z.ZodType<RemovalFields> = z.strictObject({ id: credentialId })
export const removalForm: z.ZodType<RemovalFields & FormFields> = z.strictObject({ csrf, id: credentialId })
