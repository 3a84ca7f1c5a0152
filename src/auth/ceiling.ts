import { DER, derInside } from './der.ts'

/** The most that a credential lets its holder do, as permission patterns; what they do not cover is not allowed. */
export type Ceiling = readonly string[]

/**
 * The extension in which a client certificate carries its ceiling: under 2.25 and a UUID of ours, which needs no
 * registration (ITU-T X.667). Not critical, since other programs may pass over it.
 */
export const CEILING_OID = '2.25.91684912260281503658017355095793292550'

/** How many patterns there are at most, and how many characters each has. */
const MOST = 64
const PATTERN = /^[\x20-\x7e]{1,130}$/

/**
 * Reads the value of the extension: DER of `SEQUENCE SIZE (1..64) OF UTF8String`, one for each pattern. Whether a text
 * is a pattern is not for this function to say: one that is none covers nothing.
 *
 * Fails closed: `undefined` for anything else, and who cannot be bounded is to be refused.
 */
export function readCeiling(value: Buffer): Ceiling | undefined {
  const elements = derInside(value, DER.sequence, MOST)
  if (elements === undefined || elements.length === 0) return undefined
  if (elements.some(({ tag }) => tag !== DER.utf8String)) return undefined
  const patterns = elements.map(({ content }) => content.toString('latin1'))
  return patterns.every((pattern) => PATTERN.test(pattern)) ? Object.freeze(patterns) : undefined
}
