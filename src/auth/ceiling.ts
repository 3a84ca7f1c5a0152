import type { Ceiling } from './context.ts'
import { DER, derInside } from './der.ts'

/**
 * The extension in which a client certificate carries its ceiling; `pki` says where it comes from. Not critical, since
 * other programs may pass over it.
 */
export const CEILING_OID = '1.2.840.113556.1.8000.2554.17657.57134.6034.16471.37353.3967012.3495174'

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
