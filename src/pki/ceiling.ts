import type { X509Certificate } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { der, DER, derChildren, derText, readDer } from './der.ts'
import { X509Certificate as Certificate } from './x509.ts'

/**
 * The extension that bounds what a certificate's holder may do, whatever the policy grants. Not critical, since other
 * programs may pass over it.
 *
 * The arc is Microsoft's for identifiers that are made of a UUID without registration, in seven parts. The one arc of
 * 2.25 (ITU-T X.667) has 128 bits, and Go refuses to load a certificate with such a number in it.
 */
export const CEILING_OID = '1.2.840.113556.1.8000.2554.17657.57134.6034.16471.37353.3967012.3495174'

/** How many patterns a ceiling has at most, and how many characters each. */
export const CEILING_LIMITS = { patterns: 64, characters: 130 } as const

/** What a permission pattern looks like: words, `:` and `*`. What it means is the policy's to say. */
const PATTERN = new RegExp(`^[a-z0-9*:_-]{1,${CEILING_LIMITS.characters}}$`)

/**
 * The value of the extension: DER of `SEQUENCE SIZE (1..64) OF UTF8String`, one for each pattern.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` for none, too many, or one that is no permission pattern
 */
export function encodeCeiling(patterns: readonly string[]): Buffer {
  assertCeiling(patterns)
  return der(DER.sequence, ...patterns.map(derText))
}

/**
 * The ceiling of a certificate, for the one that renews it; `undefined` if it has none.
 *
 * Fails closed: one that cannot be read is an error, never "no ceiling".
 *
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export function ceilingOf(certificate: X509Certificate): readonly string[] | undefined {
  const found = new Certificate(certificate.raw).extensions.filter(({ type }) => type === CEILING_OID)
  const [extension, ...more] = found
  if (extension === undefined) return undefined
  if (more.length > 0) throw invalid('occurs twice')
  return decodeCeiling(Buffer.from(extension.value))
}

/** Reads what {@link encodeCeiling} wrote, and nothing else. */
function decodeCeiling(value: Buffer): readonly string[] {
  const sequence = readDer(value)
  const items = derChildren(sequence)
  if (sequence.tag !== DER.sequence || items.some(({ tag }) => tag !== DER.utf8String))
    throw invalid('is not a sequence of texts')
  const patterns = items.map(({ content }) => content.toString('utf8'))
  assertCeiling(patterns)
  return patterns
}

function assertCeiling(patterns: readonly string[]): void {
  if (patterns.length === 0 || patterns.length > CEILING_LIMITS.patterns)
    throw invalid(`must have 1 to ${CEILING_LIMITS.patterns} permission patterns`)
  const bad = patterns.find((pattern) => !PATTERN.test(pattern))
  if (bad !== undefined)
    throw invalid(`has ${JSON.stringify(bad.slice(0, 80))}, which is no permission pattern`)
}

function invalid(problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `the ceiling of a certificate ${problem}`)
}
