import { failed } from './cel-value.ts'
import type { Duration, Outcome, Timestamp } from './cel-value.ts'

const SECOND = 1_000_000_000n
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['h', 3600n * SECOND],
  ['m', 60n * SECOND],
  ['s', SECOND],
  ['ms', 1_000_000n],
  ['us', 1000n],
  ['ns', 1n],
])
const DURATION = /^-?(?:\d{1,12}(?:\.\d{1,9})?(?:h|ms|m|s|us|ns))+$/
const TERM = /(\d+)(?:\.(\d+))?(h|ms|m|s|us|ns)/g
/** RFC 3339. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** A span of so many milliseconds. */
export function milliseconds(count: number): Duration {
  return { kind: 'duration', nanoseconds: BigInt(Math.round(count)) * 1_000_000n }
}

/** A moment by milliseconds since the epoch. */
export function moment(count: number): Timestamp {
  return { kind: 'timestamp', nanoseconds: BigInt(Math.round(count)) * 1_000_000n }
}

/** Reads `1h30m`, `-2.5s` (the durations of Go, as CEL has them). */
export function parseDuration(text: string): Outcome {
  if (text.length > 64 || !DURATION.test(text)) return failed('it is not a duration, as in "1h30m" or "45s"')
  let nanoseconds = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(TERM)) {
    const size = UNITS.get(unit) ?? 0n
    nanoseconds += BigInt(whole) * size + (BigInt(fraction.padEnd(9, '0')) * size) / SECOND
  }
  return { kind: 'duration', nanoseconds: text.startsWith('-') ? -nanoseconds : nanoseconds }
}

/** Reads `2026-11-21T10:00:00Z` (RFC 3339), to the millisecond. */
export function parseTimestamp(text: string): Outcome {
  const time = text.length <= 40 && TIMESTAMP.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? failed('it is not a time, as in "2026-11-21T10:00:00Z"') : moment(time)
}

/** What `getHours()` and the like are of a duration. */
export const DURATION_PARTS: ReadonlyMap<string, (duration: Duration) => bigint> = new Map([
  ['getHours', ({ nanoseconds }) => nanoseconds / (3600n * SECOND)],
  ['getMinutes', ({ nanoseconds }) => nanoseconds / (60n * SECOND)],
  ['getSeconds', ({ nanoseconds }) => nanoseconds / SECOND],
  ['getMilliseconds', ({ nanoseconds }) => nanoseconds / 1_000_000n],
])
