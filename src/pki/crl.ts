import type { X509Certificate } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { serialText, type Signer } from './certify.ts'
import { signingAlgorithm } from './key.ts'
import { pemBlocks, pemOf, type PemBlock } from './pem.ts'
import { BACKDATING } from './profile.ts'
import { isRevocationReason, REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as Certificate,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
  type X509CrlEntry,
} from './x509.ts'

/** A revoked certificate: its serial as node:crypto prints it, when, in ms since the epoch, and why. */
export interface RevokedSerial {
  readonly serial: string
  readonly at: number
  /** Absent where a list says none that we give. */
  readonly reason?: RevocationReason
}

/** A revocation list whose signature has been verified. Times in ms since the epoch. */
export interface RevocationList {
  /** The CA whose key signed it: one of those that were handed in. */
  readonly issuer: X509Certificate
  /** RFC 5280, 5.2.3. The reader sees to it that it never decreases. */
  readonly number: bigint
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Upper-case hex, as `X509Certificate.serialNumber` of node:crypto prints it. */
  readonly revoked: ReadonlySet<string>
  readonly entries: readonly RevokedSerial[]
}

/** What a new revocation list says. Times in ms since the epoch. */
export interface RevocationListTemplate {
  readonly number: bigint
  readonly entries: readonly RevokedSerial[]
  readonly thisUpdate: number
  readonly nextUpdate: number
}

const CRL_NUMBER = '2.5.29.20'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const REASON_CODE = '2.5.29.21'

/**
 * How many ASN.1 nodes a list may have: about 150,000 entries. The library's own limit of 10,000 nodes would refuse
 * a list of some 3,000.
 */
const PARSE_LIMITS = { berOptions: { maxNodes: 1_000_000 } }

/** The template of a list that a CA signs now; backdated like certificates, for clocks a little behind ours. */
export function revocationListTemplate(
  number: bigint,
  entries: readonly RevokedSerial[],
  life: number,
  now: number,
): RevocationListTemplate {
  return { number, entries, thisUpdate: now - BACKDATING, nextUpdate: now + life }
}

/** Signs a revocation list and gives it as PEM, under the label that OpenSSL reads (`X509 CRL`, RFC 7468, 7). */
export async function signRevocationList(template: RevocationListTemplate, issuer: Signer): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: issuer.certificate.subjectName,
    thisUpdate: new Date(template.thisUpdate),
    nextUpdate: new Date(template.nextUpdate),
    entries: template.entries.map(({ serial, at, reason = 'privilegeWithdrawn' }) => ({
      serialNumber: serial,
      revocationDate: new Date(at),
      // Always one, also for "unspecified" (RFC 5280, 5.3.1, would rather have none): without it the library writes an
      // empty list of extensions, which is no DER (5.1).
      extensions: [reasonCode(reason)],
    })),
    extensions: [
      await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      new Extension(CRL_NUMBER, false, derInteger(template.number)),
    ],
    signingAlgorithm: signingAlgorithm(issuer.key),
    signingKey: issuer.key,
  })
  return pemOf('X509 CRL', new Uint8Array(list.rawData))
}

/**
 * Reads the revocation lists of a PEM file. For load time, not for requests.
 *
 * Fails closed: every block must be a revocation list that one of `authorities` has signed, complete, understood
 * (no critical extension that we do not know: RFC 5280, 5.2 and 5.3) and the only one of its CA. Whether a list is
 * stale, or older than the one before, is for the caller to judge.
 *
 * @throws SallyportError `CERTIFICATE_INVALID`, saying which block and why
 */
export async function parseRevocationLists(
  pem: string,
  authorities: readonly X509Certificate[],
): Promise<readonly RevocationList[]> {
  const blocks = pemBlocks(pem)
  if (blocks.length === 0) throw invalid('there is no revocation list in it')
  const lists: RevocationList[] = []
  for (const [index, block] of blocks.entries()) {
    const list = await parseBlock(block, `block ${index + 1}`, authorities)
    if (lists.some(({ issuer }) => issuer === list.issuer))
      throw invalid(`block ${index + 1} is the second list of one CA`)
    lists.push(list)
  }
  return lists
}

async function parseBlock(
  block: PemBlock,
  where: string,
  authorities: readonly X509Certificate[],
): Promise<RevocationList> {
  if (block.label !== 'X509 CRL') throw invalid(`${where} is a ${block.label}, not an X509 CRL`)
  try {
    const list = new X509Crl(block.der, PARSE_LIMITS)
    const issuer = await signerOf(list, authorities)
    if (issuer === undefined) throw invalid(`${where} is not signed by a CA that is trusted here`)
    return { issuer, ...contentOf(list, where) }
  } catch (cause) {
    throw cause instanceof SallyportError ? cause : invalid(`${where} cannot be read`, cause)
  }
}

/** The CA whose name the list carries, that may sign lists, and whose key did. */
async function signerOf(
  list: X509Crl,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate | undefined> {
  for (const authority of authorities) {
    const certificate = new Certificate(authority.raw)
    if (!sameName(certificate, list) || !maySignLists(certificate)) continue
    if (await list.verify({ publicKey: certificate.publicKey })) return authority
  }
  return undefined
}

function sameName(certificate: Certificate, list: X509Crl): boolean {
  const [subject, issuer] = [certificate.subjectName, list.issuerName].map((name) =>
    Buffer.from(name.toArrayBuffer()),
  )
  return subject !== undefined && issuer !== undefined && subject.equals(issuer)
}

function maySignLists(certificate: Certificate): boolean {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0
  return (
    certificate.getExtension(BasicConstraintsExtension)?.ca === true && (usages & KeyUsageFlags.cRLSign) !== 0
  )
}

function contentOf(list: X509Crl, where: string): Omit<RevocationList, 'issuer'> {
  // The library loses entries and extensions of a list without this, so nothing of such a list is looked at.
  if (list.nextUpdate === undefined) throw invalid(`${where} does not say when the next one comes`)
  refuseUnknown(list.extensions, [CRL_NUMBER, AUTHORITY_KEY_IDENTIFIER], where)
  const number = list.extensions.find(({ type }) => type === CRL_NUMBER)
  if (number === undefined) throw invalid(`${where} has no number`)
  const entries = list.entries.map((entry) => revokedSerial(entry, where))
  return {
    number: integerOf(number.value),
    thisUpdate: list.thisUpdate.getTime(),
    nextUpdate: list.nextUpdate.getTime(),
    revoked: new Set(entries.map(({ serial }) => serial)),
    entries,
  }
}

function revokedSerial(entry: X509CrlEntry, where: string): RevokedSerial {
  refuseUnknown(entry.extensions, [], where)
  const reason = reasonOf(entry)
  return {
    serial: serialText(entry.serialNumber),
    at: entry.revocationDate.getTime(),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** An ENUMERATED (RFC 5280, 5.3.1). */
function reasonCode(reason: RevocationReason): Extension {
  return new Extension(REASON_CODE, false, Buffer.of(0x0a, 1, REVOCATION_REASONS[reason]))
}

function reasonOf({ reason: code }: X509CrlEntry): RevocationReason | undefined {
  const name = code === undefined ? '' : X509CrlReason[code]
  return isRevocationReason(name) ? name : undefined
}

function refuseUnknown(extensions: readonly Extension[], known: readonly string[], where: string): void {
  const unknown = extensions.find(({ critical, type }) => critical && !known.includes(type))
  if (unknown !== undefined)
    throw invalid(`${where} has the critical extension ${unknown.type}, unknown here`)
}

/** DER of a non-negative INTEGER below 2^159 (RFC 5280, 5.2.3: at most 20 octets). */
function derInteger(value: bigint): Buffer {
  const hex = value.toString(16)
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const positive = (octets[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), octets]) : octets
  return Buffer.concat([Buffer.of(0x02, positive.length), positive])
}

/** Reads what {@link derInteger} wrote. */
function integerOf(extensionValue: ArrayBuffer): bigint {
  const der = Buffer.from(extensionValue)
  const [tag, length] = der
  if (tag !== 0x02 || length !== der.length - 2 || length < 1 || length > 20 || (der[2] ?? 0) > 0x7f)
    throw invalid('the number of a revocation list is not a non-negative integer')
  return BigInt(`0x${der.subarray(2).toString('hex')}`)
}

function invalid(problem: string, cause?: unknown): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `the revocation lists are refused: ${problem}`, { cause })
}
