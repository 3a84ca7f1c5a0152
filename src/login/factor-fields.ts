import { z } from 'zod'
import type { FormFields } from './fields.ts'

/** What `POST /auth/factor` takes. */
export interface CodeFields {
  readonly code: string
}

/** What `POST /auth/enrol/totp` takes: nothing to begin, then a code. */
export interface EnrolFields {
  readonly code?: string | undefined
}

/** What `POST /auth/reauthenticate` takes. */
export interface ReauthenticateFields {
  readonly password: string
  readonly code?: string | undefined
}

const csrf = z.string().max(128)
const code = z.string().max(64)
const password = z.string().min(1).max(1_024)

export const codeFields: z.ZodType<CodeFields> = z.strictObject({ code })
export const codeForm: z.ZodType<FormFields & CodeFields> = z.strictObject({ csrf, code })
export const enrolFields: z.ZodType<EnrolFields> = z.strictObject({ code: code.optional() })
export const enrolForm: z.ZodType<FormFields & EnrolFields> = z.strictObject({ csrf, code: code.optional() })
export const reauthenticateFields: z.ZodType<ReauthenticateFields> = z.strictObject({
  password,
  code: code.optional(),
})
/** A form also says what for: a name of ours, and no address. */
export const reauthenticateForm: z.ZodType<FormFields & ReauthenticateFields & { readonly place: string }> =
  z.strictObject({ csrf, password, code: code.optional(), place: z.string().max(32) })
