import type { Timestamp } from './cel-value.ts'

/** Reads a clock in one time zone. */
type Clock = (milliseconds: number) => Parts

interface Parts {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** Formatters take long to make and are the same for everybody, so one is kept for each zone that any policy names. */
const CLOCKS = new Map<string, Clock>()

/** What `now.weekday(zone)` is one of, as JavaScript counts them. */
export const WEEKDAYS: readonly string[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
]

/** Whether this is a time zone that the system knows: `Europe/Berlin`, `UTC`, `+02:00`. */
export function isZone(zone: string): boolean {
  return clockOf(zone) !== undefined
}

/** What `now.hour(zone)`, `now.minute(zone)` and `now.weekday(zone)` are: 0 to 23, 0 to 59, `monday`. */
export const NOW_PARTS: ReadonlyMap<string, (parts: Parts) => bigint | string> = new Map<
  string,
  (parts: Parts) => bigint | string
>([
  ['hour', ({ hour }) => BigInt(hour)],
  ['minute', ({ minute }) => BigInt(minute)],
  ['weekday', (parts) => WEEKDAYS[weekdayOf(parts)] ?? ''],
])

/** What `getHours(zone)` and the like are of a moment, as CEL defines them: months and days of the month begin with 0. */
export const TIMESTAMP_PARTS: ReadonlyMap<string, (parts: Parts) => bigint> = new Map<
  string,
  (parts: Parts) => bigint
>([
  ['getFullYear', ({ year }) => BigInt(year)],
  ['getMonth', ({ month }) => BigInt(month - 1)],
  ['getDate', ({ day }) => BigInt(day)],
  ['getDayOfMonth', ({ day }) => BigInt(day - 1)],
  ['getDayOfWeek', (parts) => BigInt(weekdayOf(parts))],
  ['getDayOfYear', (parts) => BigInt(dayOfYear(parts))],
  ['getHours', ({ hour }) => BigInt(hour)],
  ['getMinutes', ({ minute }) => BigInt(minute)],
  ['getSeconds', ({ second }) => BigInt(second)],
])

/** What a clock on the wall says there. */
export function partsOf({ nanoseconds }: Timestamp, zone: string): Parts {
  const milliseconds = Number(nanoseconds / 1_000_000n)
  const read = clockOf(zone) ?? readUtc
  return Math.abs(milliseconds) <= 8.64e15 ? read(milliseconds) : readUtc(0)
}

function clockOf(zone: string): Clock | undefined {
  if (zone === 'UTC') return readUtc
  const kept = CLOCKS.get(zone)
  if (kept !== undefined) return kept
  try {
    const clock = makeClock(zone)
    CLOCKS.set(zone, clock)
    return clock
  } catch {
    return undefined
  }
}

/** Since 1973 every zone is a whole number of minutes from UTC, and changes at a quarter of an hour. */
const WHOLE = Date.UTC(1973, 0, 1)
const QUARTER = 900_000

/** How far a zone is from UTC takes microseconds to ask for, so the answer for the quarter of an hour is kept. */
function makeClock(timeZone: string): Clock {
  const read = intlClock(timeZone)
  let quarter = Number.NaN
  let offset = 0
  return (milliseconds) => {
    if (milliseconds < WHOLE) return read(milliseconds)
    if (Math.floor(milliseconds / QUARTER) !== quarter) {
      quarter = Math.floor(milliseconds / QUARTER)
      offset = utcOf(read(quarter * QUARTER)) - quarter * QUARTER
    }
    return readUtc(milliseconds + offset)
  }
}

function intlClock(timeZone: string): Clock {
  const numeric = 'numeric'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    calendar: 'gregory',
    era: 'short',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  return (milliseconds) => {
    const parts = new Map(format.formatToParts(milliseconds).map(({ type, value }) => [type, value]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
    const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year')
    return {
      year,
      month: part('month'),
      day: part('day'),
      hour: part('hour'),
      minute: part('minute'),
      second: part('second'),
    }
  }
}

function utcOf({ year, month, day, hour, minute, second }: Parts): number {
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function readUtc(milliseconds: number): Parts {
  const date = new Date(milliseconds)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}

function weekdayOf({ year, month, day }: Parts): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay()
}

function dayOfYear({ year, month, day }: Parts): number {
  return Math.round((Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / 86_400_000)
}
