import { der, type DerElement } from './der.ts'

/** X.690: UTCTime and GeneralizedTime, as RFC 5280 has them (4.1.2.5): in UTC, with seconds, without fractions. */
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const UTC = /^(?<year>\d\d)(?<rest>\d{10})Z$/
const GENERALIZED = /^(?<year>\d{4})(?<rest>\d{10})Z$/

/** Writes a time, given in ms since the epoch: whole seconds, as UTCTime up to 2049, as GeneralizedTime from then on. */
export function derTime(at: number): Buffer {
  const text = new Date(at).toISOString().replaceAll(/[-:T]|\.[0-9]+/g, '')
  return text < '2050' ? der(UTC_TIME, Buffer.from(text.slice(2))) : der(GENERALIZED_TIME, Buffer.from(text))
}

/** Reads a time, in ms since the epoch; `undefined` for what is none. */
export function timeIn({ tag, content }: DerElement): number | undefined {
  const text = content.toString('latin1')
  const match = tag === UTC_TIME ? UTC.exec(text) : tag === GENERALIZED_TIME ? GENERALIZED.exec(text) : null
  const { year = '', rest = '' } = match?.groups ?? {}
  if (match === null) return undefined
  const [month, day, hour, minute, second] = rest.match(/\d\d/g) ?? []
  const iso = `${year.length === 2 ? fullYear(year) : year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const time = Date.parse(iso)
  // Another text comes out where a day or an hour was one that does not exist.
  return Number.isNaN(time) || new Date(time).toISOString() !== iso ? undefined : time
}

/** RFC 5280, 4.1.2.5.1. */
function fullYear(year: string): string {
  return `${Number(year) >= 50 ? 19 : 20}${year}`
}
