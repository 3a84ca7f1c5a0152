import { z } from 'zod'
import type { PostedBody } from './body.ts'
import { problem, type Problem } from './problem.ts'

/** What `POST /auth/login` takes. */
export interface LoginFields {
  readonly username: string
  readonly password: string
  /** TOTP or recovery code, to prove both factors at once. */
  readonly code?: string | undefined
  /** Whether the caller holds the token itself, and no cookie is set. */
  readonly token?: boolean | undefined
}

/** What `POST /auth/password` takes. */
export interface PasswordFields {
  readonly newPassword: string
  readonly password?: string | undefined
}

/** What `POST /auth/sessions/end` takes. */
export interface SessionFields {
  /** What the session is called in the list. */
  readonly id: string
}

/** What every form has beside its fields. */
export interface FormFields {
  readonly csrf: string
}

const text = z.string().min(1).max(1_024)
const csrf = z.string().max(128)

/** The shapes of what may be posted. Nothing is coerced, and a field that is not known is an error. */
export const loginFields: z.ZodType<LoginFields> = z.strictObject({
  username: text,
  password: text,
  code: z.string().max(64).optional(),
  token: z.boolean().optional(),
})
export const loginForm: z.ZodType<FormFields & Pick<LoginFields, 'username' | 'password'>> = z.strictObject({
  csrf,
  username: text,
  password: text,
})
export const passwordFields: z.ZodType<PasswordFields> = z.strictObject({
  newPassword: text,
  password: text.optional(),
})
export const passwordForm: z.ZodType<FormFields & PasswordFields & { readonly repeat: string }> =
  z.strictObject({
    csrf,
    newPassword: text,
    repeat: text,
    password: text.optional(),
  })
export const sessionNamed: z.ZodType<SessionFields> = z.strictObject({ id: z.string().max(64) })
export const sessionForm: z.ZodType<FormFields & SessionFields> = z.strictObject({
  csrf,
  id: z.string().max(64),
})
export const noFields: z.ZodType<object> = z.strictObject({})
export const emptyForm: z.ZodType<FormFields> = z.strictObject({ csrf })

/** What was posted, in its shape, or what to say about it. */
export type Fields<T> =
  | { readonly kind: 'fields'; readonly fields: T }
  | { readonly kind: 'refused'; readonly problem: Problem }

/** Checks the fields of a body against a shape. */
export function fieldsIn<T>(body: PostedBody, shape: z.ZodType<T>): Fields<T> {
  if (body.kind === 'refused') return body
  const read = shape.safeParse(body.kind === 'none' ? {} : body.fields)
  if (read.success) return { kind: 'fields', fields: read.data }
  return { kind: 'refused', problem: problem('bad_request', faultOf(read.error)) }
}

/** Names the first field that is wrong, never its value. */
function faultOf({ issues: [issue] }: z.ZodError): string {
  if (issue?.code === 'unrecognized_keys') return `There is no field ${shown(issue.keys[0])} here.`
  return `The field ${shown(issue?.path[0])} is missing or not acceptable.`
}

function shown(name: PropertyKey | undefined): string {
  return JSON.stringify(String(name ?? '').slice(0, 40))
}
