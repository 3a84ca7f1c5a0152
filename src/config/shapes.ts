import * as z from 'zod'
import { DURATION, parseDuration } from './duration.ts'
import { nearest } from '../nearest.ts'

/** A map of known keys: an unknown one is refused, and the nearest known one suggested. */
export function strict<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return strictKnowing({})(shape)
}

/**
 * The same where people write keys of something else.
 *
 * @param elsewhere what to write instead of these
 */
export function strictKnowing(
  elsewhere: Readonly<Record<string, string>>,
): <S extends z.ZodRawShape>(shape: S) => z.ZodObject<S, z.core.$strict> {
  return (shape) =>
    z.strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? unknownKeys(issue['keys'], Object.keys(shape), elsewhere)
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

/** A path, as written. */
export function path(fallback: string): z.ZodDefault<z.ZodString> {
  return text('a path').default(fallback)
}

/** A whole number. */
export function whole(least: number, most: number): z.ZodNumber {
  const help = `must be a whole number from ${least} to ${most}`
  return z.int(help).min(least, help).max(most, help)
}

const LONGEST_TIMEOUT = 90 * 86_400_000

/** A duration such as `90s`, in ms. */
export function duration(fallback: string, what: string): z.ZodPrefault<z.ZodType<number, string>> {
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number' && input >= 0
          ? `must be a duration with its unit, as in "${input}s" for seconds`
          : 'must be a duration such as 90s, 30m, 12h or 7d',
    })
    .regex(DURATION, 'must be a duration such as 90s, 30m, 12h or 7d')
    .transform((value) => parseDuration(value) ?? Number.NaN)
    .pipe(z.number().max(LONGEST_TIMEOUT, 'must be at most 90d'))
    .prefault(fallback)
    .describe(what)
}

const UNITS: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }
const SIZE = 'must be a size from 1KB to 64GB, such as 512KB, 16MB or 1GB'

/** A size such as `16MB`, in bytes; the units are powers of 1024. */
export function size(fallback: string, what: string): z.ZodPrefault<z.ZodType<number, string>> {
  return z
    .string(SIZE)
    .regex(/^[1-9][0-9]{0,7}[KMG]B$/, SIZE)
    .transform((value) => Number(value.slice(0, -2)) * (UNITS[value.slice(-2)] ?? Number.NaN))
    .pipe(z.number().max(64 * 1024 ** 3, SIZE))
    .prefault(fallback)
    .describe(what)
}

/** What a {@link collectorUrl} must be. */
export function collectorHelp(example: string): string {
  return `must be an http or https URL without user and query, as in "${example}"`
}

/**
 * Where a collector of OpenTelemetry takes what it is sent. Nothing secret may be in it, since it stands in errors: headers
 * are for the variables of OpenTelemetry.
 */
export function collectorUrl(example: string): z.ZodString {
  return text('a URL').refine(isCollectorUrl, collectorHelp(example))
}

function isCollectorUrl(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return false
  return url.search === '' && url.hash === '' && url.username === '' && url.password === ''
}

/** A line for each. */
function unknownKeys(
  keys: unknown,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): string {
  const all: readonly unknown[] = Array.isArray(keys) ? keys : []
  return all.map((key) => `unknown key: ${helpFor(String(key), known, elsewhere)}`).join('\n')
}

function helpFor(key: string, known: readonly string[], elsewhere: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(elsewhere, key)) return elsewhere[key] ?? ''
  const suggestion = nearest(key, known)
  return suggestion === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${suggestion}"?`
}
