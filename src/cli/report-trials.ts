import type { Principal } from '../auth/principal.ts'
import type { Supposition } from './supposed-caller.ts'

/** One caller at one moment, to be tried. */
export interface Trial {
  readonly principal: Principal
  readonly supposition: Supposition
  /** Ms since the epoch. */
  readonly at: number
  /** Whether this is a person who has a second factor, and has not proved it here. */
  readonly lacksFactor: boolean
}

const HOUR = 3_600_000
const HALF_HOURS_OF_A_WEEK = 336
const LONG_AGO = 30 * 24 * HOUR
/** Of documentation (RFC 5737): an address that no rule means. */
const ANY_ADDRESS = '203.0.113.7'

/**
 * The same caller with less proved, from elsewhere, at another time: as far as its conditions speak of that. Of time,
 * every half hour of the week to come; of addresses, those that the conditions name, and one that none does.
 *
 * @param conditions as they stand in the file
 */
export function trialsLike(
  { principal, supposition, at }: Omit<Trial, 'lacksFactor'>,
  conditions: readonly string[],
): readonly Trial[] {
  const source = conditions.join('\n')
  const addresses = /\baddress\b/.test(source) ? [ANY_ADDRESS, ...addressesIn(source)] : []
  const moments = /\bnow\b/.test(source) ? HALF_HOURS_OF_A_WEEK : 1
  const times = Array.from({ length: moments }, (_, index) => at + index * (HOUR / 2))
  return levelsOf(principal, source).flatMap(({ lacksFactor, ...level }) =>
    [undefined, ...addresses].flatMap((address) =>
      times.map((time) => ({
        principal,
        supposition: { ...supposition, ...level, address },
        at: time,
        lacksFactor,
      })),
    ),
  )
}

/** What conditions speak of that is not known beforehand, in words; who it is where there is none. */
export function hangsOn(conditions: readonly string[]): readonly string[] {
  const source = conditions.join('\n')
  const found = [
    ...(/\bargs\b|\bresource\b/.test(source) ? ['arguments'] : []),
    ...(/\bnow\b/.test(source) ? ['time'] : []),
    ...(/\baddress\b/.test(source) ? ['address'] : []),
    ...(/\bauth\s*\.\s*(?!address)/.test(source) ? ['what the caller proved'] : []),
  ]
  return found.length === 0 ? ['who it is'] : found
}

interface Level extends Supposition {
  readonly lacksFactor: boolean
}

function levelsOf({ kind }: Principal, source: string): readonly Level[] {
  const isPerson = kind === 'user'
  return [
    { lacksFactor: false },
    ...(isPerson ? [{ mfaAge: null, lacksFactor: true }] : []),
    ...(/\bauth\s*\.\s*age\b/.test(source)
      ? [{ age: LONG_AGO, mfaAge: isPerson ? 0 : null, lacksFactor: false }]
      : []),
  ]
}

/** What looks like an address, or the network of one, in a condition. */
function addressesIn(source: string): readonly string[] {
  const literals = source.matchAll(/["']([0-9a-f.:]*[.:][0-9a-f.:]*)(?:\/\d+)?["']/gi)
  return Array.from(literals, ([, address = '']) => address)
}
