import { z } from 'zod'
import type { FormFields } from './fields.ts'

/** What `POST /auth/remove/secret` takes. */
export interface SecretNamed {
  readonly upstream: string
  readonly name: string
}

/** What `POST /auth/secret` takes. */
export interface SecretFields extends SecretNamed {
  readonly value: string
}

const csrf = z.string().max(128)
const named = { upstream: z.string().min(1).max(64), name: z.string().min(1).max(64) }
/** What fits is said in words: see `secret-value.ts`. */
const value = z.string().max(16_384)

export const secretFields: z.ZodType<SecretFields> = z.strictObject({ ...named, value })
export const secretForm: z.ZodType<SecretFields & FormFields> = z.strictObject({ csrf, ...named, value })
export const secretNamed: z.ZodType<SecretNamed> = z.strictObject(named)
export const secretNamedForm: z.ZodType<SecretNamed & FormFields> = z.strictObject({ csrf, ...named })
