import * as z from 'zod'
import { nearest } from './nearest.ts'

/** A map of known keys: an unknown one is refused, and the nearest known one suggested. */
export function strict<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? unknownKey(issue['keys'], Object.keys(shape))
        : `must be a map of ${Object.keys(shape).join(', ')}`,
  })
}

/** Some text, which may not be empty. */
export function text(what: string): z.ZodString {
  return z
    .string(`must be ${what}, as text`)
    .min(1, `must be ${what}, and is empty`)
    .max(1024, `must be ${what}, and is too long`)
}

function unknownKey(keys: unknown, known: readonly string[]): string {
  const first: unknown = Array.isArray(keys) ? keys[0] : undefined
  const suggestion =
    typeof first === 'string' && Array.isArray(keys) && keys.length === 1 ? nearest(first, known) : undefined
  return suggestion === undefined
    ? `unknown key: the keys here are ${known.join(', ')}`
    : `unknown key: did you mean "${suggestion}"?`
}
