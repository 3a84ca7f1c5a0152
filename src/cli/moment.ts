import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../config/duration.ts'

const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

/**
 * Reads a point in time: ISO 8601 with its offset (`2026-11-21T10:00:00Z`), a date, which begins at midnight UTC, or how
 * long ago (`7d`). Ms since the epoch; `undefined` for anything else.
 */
export function parseMoment(text: string, now: number): number | undefined {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  const at = INSTANT.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** As {@link parseMoment}, for an option of a command; the words are commander's. */
export function momentOption(text: string): number {
  const at = parseMoment(text, Date.now())
  if (at !== undefined) return at
  throw new InvalidArgumentError(
    'Write a time as in 2026-11-21T10:00:00Z, a date, or how long ago, as in 7d.',
  )
}

/** A duration in ms, for an option of a command. */
export function durationOption(text: string): number {
  const duration = parseDuration(text)
  if (duration !== undefined) return duration
  throw new InvalidArgumentError('Write a duration as in 90s, 5m, 8h or 7d.')
}
