import { SallyportError } from '../errors.ts'
import type { DerElement } from './der.ts'

/** X.690: UTCTime and GeneralizedTime, as RFC 5280 has them (4.1.2.5): in UTC, with seconds, without fractions. */
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const UTC = /^(?<year>\d\d)(?<rest>\d{10})Z$/
const GENERALIZED = /^(?<year>\d{4})(?<rest>\d{10})Z$/

/** Reads a time, in ms since the epoch; `undefined` for what is none. */
export function derTime({ tag, content }: DerElement): number | undefined {
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

/**
 * An object identifier in dots.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export function derOidText({ content }: DerElement): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (const [index, octet] of content.entries()) {
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    if ((octet & 0x80) !== 0 && index < content.length - 1) continue
    if ((octet & 0x80) !== 0) throw new SallyportError('CERTIFICATE_INVALID', 'an identifier is cut short')
    arcs.push(arc)
    arc = 0n
  }
  const [first = 0n, ...rest] = arcs
  const top = first < 80n ? first / 40n : 2n
  return [top, first - top * 40n, ...rest].join('.')
}
