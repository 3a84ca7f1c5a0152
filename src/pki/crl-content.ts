import { SallyportError } from '../errors.ts'
import { serialText } from './certify.ts'
import { DER, derChildren, derOid, oidText, readDer, type DerElement } from './der.ts'
import { timeIn } from './der-time.ts'
import { isRevocationReason, REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts'

/** A revoked certificate: its serial as node:crypto prints it, when, in ms since the epoch, and why. */
export interface RevokedSerial {
  readonly serial: string
  readonly at: number
  /** Absent where a list says none that we give. */
  readonly reason?: RevocationReason
}

/** What a revocation list says. Times in ms since the epoch. */
export interface CrlContent {
  /** RFC 5280, 5.2.3. The reader sees to it that it never decreases. */
  readonly number: bigint
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: readonly RevokedSerial[]
}

/** The parts of a revocation list, before anything of it is believed. DER, but for the signature. */
export interface CrlParts {
  readonly signed: Buffer
  readonly algorithm: Buffer
  readonly signature: Buffer
  readonly issuer: Buffer
  /** Behind the issuer: times, entries, extensions. */
  readonly rest: readonly DerElement[]
}

/** Beyond, a file is no list that anybody serves; each costs some 200 bytes of memory. */
const MOST_ENTRIES = 150_000

/** DER of identifiers, in hex: so they are compared, which is quick. */
const hexOf = (oid: string): string => derOid(oid).toString('hex')
const OID = {
  number: hexOf('2.5.29.20'),
  authorityKeyIdentifier: hexOf('2.5.29.35'),
  reason: hexOf('2.5.29.21'),
} as const

const REASONS: ReadonlyMap<number | undefined, RevocationReason> = new Map(
  Object.keys(REVOCATION_REASONS)
    .filter(isRevocationReason)
    .map((name) => [REVOCATION_REASONS[name], name]),
)

/** X.690: ENUMERATED, and the context tag [0] of the extensions. */
const ENUMERATED = 0x0a
const EXTENSIONS = 0xa0

/**
 * Takes a revocation list apart (RFC 5280, 5.1), as far as is needed to find out who signed it.
 *
 * @throws SallyportError `CERTIFICATE_INVALID` for what is no list of version 2, or names two algorithms
 */
export function splitCrl(octets: Buffer): CrlParts {
  const [list, outer, bits, ...more] = childrenOf(readDer(octets), DER.sequence)
  const [version, inner, issuer, ...rest] = childrenOf(list, DER.sequence)
  if (more.length > 0 || version?.raw.toString('hex') !== '020101')
    throw invalid('it is no list of version 2')
  if (list === undefined || inner === undefined || outer?.raw.equals(inner.raw) !== true)
    throw invalid('it names two algorithms')
  return {
    signed: list.raw,
    algorithm: inner.raw,
    signature: wholeOctets(bits),
    issuer: contentOf(issuer, DER.sequence).raw,
    rest,
  }
}

/**
 * Reads what a list says.
 *
 * Fails closed: it must have a number and say when the next one comes, and everything in it must be understood.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export function readCrlContent({ rest: [thisUpdate, nextUpdate, ...rest] }: CrlParts): CrlContent {
  const next = nextUpdate && timeIn(nextUpdate)
  if (next === undefined) throw invalid('it does not say when the next one comes')
  const entries = rest[0]?.tag === DER.sequence ? rest.shift() : undefined
  const extensions = rest[0]?.tag === EXTENSIONS ? rest.shift() : undefined
  if (rest.length > 0) throw invalid('something follows its end')
  return {
    number: numberIn(extensions === undefined ? [] : extensionsOf(derChildren(extensions)[0])),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: next,
    entries: entries === undefined ? [] : derChildren(entries, MOST_ENTRIES).map(revokedSerial),
  }
}

function numberIn(extensions: readonly CrlExtension[]): bigint {
  refuseUnknown(extensions, [OID.number, OID.authorityKeyIdentifier])
  const number = extensions.find(({ oid }) => oid === OID.number)
  if (number === undefined) throw invalid('it has no number')
  const { tag, content } = readDer(number.value)
  // At most 20 octets, never negative (RFC 5280, 5.2.3).
  if (tag !== DER.integer || content.length < 1 || content.length > 20 || (content[0] ?? 0) > 0x7f)
    throw invalid('its number is not a non-negative integer')
  return BigInt(`0x${content.toString('hex')}`)
}

function revokedSerial(entry: DerElement): RevokedSerial {
  const [serial, at, extensions, ...more] = childrenOf(entry, DER.sequence)
  if (more.length > 0) throw invalid('something follows the end of an entry')
  const reason = extensions === undefined ? undefined : reasonIn(extensionsOf(extensions))
  const { content } = contentOf(serial, DER.integer)
  if (content.length === 0 || (content[0] ?? 0) > 0x7f) throw invalid('a serial number is negative')
  return {
    serial: serialText(content.toString('hex')),
    at: timeOf(at),
    ...(reason === undefined ? {} : { reason }),
  }
}

function reasonIn(extensions: readonly CrlExtension[]): RevocationReason | undefined {
  refuseUnknown(extensions, [OID.reason])
  const extension = extensions.find(({ oid }) => oid === OID.reason)
  if (extension === undefined) return undefined
  const { content } = contentOf(readDer(extension.value), ENUMERATED)
  return content.length === 1 ? REASONS.get(content[0]) : undefined
}

interface CrlExtension {
  /** DER, in hex. */
  readonly oid: string
  readonly critical: boolean
  readonly value: Buffer
}

/** RFC 5280, 4.1: never an empty list of them, and none twice (4.2). */
function extensionsOf(list: DerElement | undefined): readonly CrlExtension[] {
  const extensions = childrenOf(list, DER.sequence).map(extensionOf)
  if (extensions.length === 0) throw invalid('a list of extensions is empty')
  if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length)
    throw invalid('an extension is there twice')
  return extensions
}

function extensionOf(element: DerElement): CrlExtension {
  const [oid, ...rest] = childrenOf(element, DER.sequence)
  const flag = rest[0]?.tag === DER.boolean ? rest.shift() : undefined
  const [value, ...more] = rest
  if (more.length > 0) throw invalid('something follows the end of an extension')
  return {
    oid: contentOf(oid, DER.oid).raw.toString('hex'),
    // What is not false is critical: stricter than a reader of DER needs to be.
    critical: flag !== undefined && flag.content.toString('hex') !== '00',
    value: contentOf(value, DER.octetString).content,
  }
}

function refuseUnknown(extensions: readonly CrlExtension[], known: readonly string[]): void {
  const unknown = extensions.find(({ critical, oid }) => critical && !known.includes(oid))
  if (unknown === undefined) return
  const name = oidText(readDer(Buffer.from(unknown.oid, 'hex'))) ?? 'too long to be shown'
  throw invalid(`it has the critical extension ${name}, unknown here`)
}

function timeOf(element: DerElement | undefined): number {
  const time = element && timeIn(element)
  if (time === undefined) throw invalid('a time is none')
  return time
}

function wholeOctets(bits: DerElement | undefined): Buffer {
  const { content } = contentOf(bits, DER.bitString)
  if (content[0] !== 0) throw invalid('its signature is not of whole octets')
  return content.subarray(1)
}

function childrenOf(element: DerElement | undefined, tag: number): readonly DerElement[] {
  return derChildren(contentOf(element, tag))
}

function contentOf(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw invalid('a part of it is missing, or of another type')
  return element
}

function invalid(problem: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', problem)
}
