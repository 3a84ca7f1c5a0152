import { createHash, type X509Certificate } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { readCrlContent, splitCrl, type CrlContent, type CrlParts } from './crl-content.ts'
import { pemBlocks, type PemBlock } from './pem.ts'
import { signatureIsGood } from './signature.ts'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as Certificate,
} from './x509.ts'

/** A revocation list whose signature has been verified. Times in ms since the epoch. */
export interface RevocationList extends CrlContent {
  /** The CA whose key signed it: one of those that were handed in. */
  readonly issuer: X509Certificate
  /** Upper-case hex, as `X509Certificate.serialNumber` of node:crypto prints it. */
  readonly revoked: ReadonlySet<string>
  /** Hex SHA-256 of all of it. */
  readonly digest: string
}

/**
 * Reads the revocation lists of a PEM file; some 10 ms of CPU for each 10,000 entries.
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
  const signers = authorities.map(signerOf)
  const lists: RevocationList[] = []
  for (const [index, block] of blocks.entries()) {
    const where = `block ${index + 1}`
    const list = parseBlock(block, where, signers)
    if (lists.some(({ issuer }) => issuer === list.issuer))
      throw invalid(`${where} is the second list of one CA`)
    lists.push(list)
  }
  return lists
}

/** A CA, with what must fit a list of it. */
interface ListSigner {
  readonly certificate: X509Certificate
  /** DER of its name. */
  readonly name: Buffer
  readonly maySignLists: boolean
}

function signerOf(certificate: X509Certificate): ListSigner {
  const read = new Certificate(certificate.raw)
  const usages = read.getExtension(KeyUsagesExtension)?.usages ?? 0
  const isAuthority = read.getExtension(BasicConstraintsExtension)?.ca === true
  return {
    certificate,
    name: Buffer.from(read.subjectName.toArrayBuffer()),
    maySignLists: isAuthority && (usages & KeyUsageFlags.cRLSign) !== 0,
  }
}

function parseBlock({ label, der }: PemBlock, where: string, signers: readonly ListSigner[]): RevocationList {
  if (label !== 'X509 CRL') throw invalid(`${where} is a ${label}, not an X509 CRL`)
  const parts = understood(where, () => splitCrl(der))
  // Nothing of it is looked at that its CA has not signed.
  const issuer = signers.find((signer) => hasSigned(signer, parts))?.certificate
  if (issuer === undefined) throw invalid(`${where} is not signed by a CA that is trusted here`)
  const content = understood(where, () => readCrlContent(parts))
  return {
    issuer,
    ...content,
    revoked: new Set(content.entries.map(({ serial }) => serial)),
    digest: createHash('sha256').update(der).digest('hex'),
  }
}

/** The CA whose name the list carries, that may sign lists, and whose key did. */
function hasSigned({ certificate, name, maySignLists }: ListSigner, parts: CrlParts): boolean {
  if (!maySignLists || !name.equals(parts.issuer)) return false
  return signatureIsGood(parts.signed, parts.algorithm, parts.signature, certificate.publicKey)
}

function understood<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const why = cause instanceof SallyportError ? `: ${cause.message}` : ''
    throw invalid(`${where} cannot be read${why}`, cause)
  }
}

function invalid(problem: string, cause?: unknown): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `the revocation lists are refused: ${problem}`, { cause })
}
