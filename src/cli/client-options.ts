import { InvalidArgumentError } from 'commander'
import { isPermissionPattern } from '../access/permission.ts'
import { parseDuration } from '../config/duration.ts'
import { LIFETIME } from '../pki/profile.ts'

/** One more value of an option that may be repeated. */
export function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value]
}

/** One more permission pattern of `--only`. */
export function collectPattern(pattern: string, patterns: readonly string[]): readonly string[] {
  if (!isPermissionPattern(pattern))
    throw new InvalidArgumentError('Write a permission such as notes:read, notes:*, *:read or *.')
  return [...patterns, pattern]
}

/** How long a client certificate lives, in ms. */
export function lifeOf(text: string): number {
  return durationBetween(text, LIFETIME.shortestClient, LIFETIME.longestClient, '1m and 90d')
}

/** Reads a duration between two, in ms. */
export function durationBetween(text: string, least: number, most: number, words: string): number {
  const duration = parseDuration(text)
  if (duration === undefined)
    throw new InvalidArgumentError('Write a whole number and one of s, m, h, d: 24h.')
  if (duration < least || duration > most) throw new InvalidArgumentError(`It must be between ${words}.`)
  return duration
}
