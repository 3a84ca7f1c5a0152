import type { X509Certificate } from 'node:crypto'
import { certificateDetails, EXTENSION, type CertificateDetails } from './certificate-details.ts'
import { readNameConstraints, type NameConstraints } from './name-constraints.ts'
import { isStrongKey, isStrongSignature } from './strength.ts'

/** How an issuing CA leads to the root that is trusted, and what that path allows. Times in ms since the epoch. */
export interface IssuerChain {
  /** The issuing CA, the CAs above it, the root; one alone if it is both. */
  readonly certificates: readonly X509Certificate[]
  readonly notBefore: number
  readonly notAfter: number
  /** Of every CA in it. */
  readonly constraints: readonly NameConstraints[]
}

/** CAs one above the other, the root among them. */
const LONGEST_CHAIN = 6

const KEY_CERT_SIGN = 5
const ANY_PURPOSE = '2.5.29.37.0'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Extensions of a CA that are read here, or that take nothing away where no policy is asked for (RFC 5280, 6.1.1). */
const KNOWN: ReadonlySet<string> = new Set(Object.values(EXTENSION))

/**
 * The path from an issuing CA to one of the roots; of several the one that lasts longest. For load time: it checks
 * signatures, that each may issue what lies below it, and how many may lie below.
 *
 * Fails closed: `undefined` if there is none on which every CA can be read, is strong and has no critical extension
 * that is unknown here. Whether it is valid now is for the caller to judge.
 *
 * @param between CAs that may stand between the two
 */
export function issuerChain(
  issuer: X509Certificate,
  between: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): IssuerChain | undefined {
  const chains = paths([issuer], between, roots).flatMap((path) => chainOf(path) ?? [])
  return chains.toSorted((one, other) => other.notAfter - one.notAfter)[0]
}

/** Whether this one's name and key made that one. */
export function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

type Path = readonly [X509Certificate, ...X509Certificate[]]

function paths(
  path: Path,
  between: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly Path[] {
  const last = path.at(-1) ?? path[0]
  if (roots.some((root) => root.raw.equals(last.raw))) return [path]
  if (path.length === LONGEST_CHAIN) return []
  const above = [...roots, ...between].filter(
    (candidate) =>
      !path.some((known) => known.publicKey.equals(candidate.publicKey)) && hasIssued(candidate, last),
  )
  return above.flatMap((candidate) => paths([...path, candidate], between, roots))
}

function chainOf(path: Path): IssuerChain | undefined {
  const details = path.map(({ raw }) => certificateDetails(raw))
  const isGood = path.every((certificate, below) => {
    const own = details[below]
    // What a root says of itself proves nothing, so neither does the algorithm it says it with.
    const isSigned = own !== undefined && (below === path.length - 1 || isStrongSignature(own.signature))
    return isSigned && isStrongKey(certificate.publicKey) && mayIssue(own, below)
  })
  const constraints = details.map((own) => own && constraintsOf(own))
  if (!isGood || !constraints.every((own) => own !== undefined)) return undefined
  return {
    certificates: path,
    notBefore: Math.max(...path.map(({ validFromDate }) => validFromDate.getTime())),
    notAfter: Math.min(...path.map(({ validToDate }) => validToDate.getTime())),
    constraints: constraints.flat(),
  }
}

/** Whether it is a CA for clients, with so many CAs below it. */
function mayIssue(details: CertificateDetails, below: number): boolean {
  const { basicConstraints, keyUsage, extendedKeyUsage: purposes, extensions } = details
  if (basicConstraints?.ca !== true || below > (basicConstraints.pathLength ?? Infinity)) return false
  if (keyUsage !== undefined && !keyUsage.has(KEY_CERT_SIGN)) return false
  if (purposes !== undefined && !purposes.includes(CLIENT_AUTH) && !purposes.includes(ANY_PURPOSE))
    return false
  return [...extensions.values()].every(({ critical, oid }) => !critical || KNOWN.has(oid))
}

function constraintsOf({ extensions }: CertificateDetails): readonly NameConstraints[] | undefined {
  const extension = extensions.get(EXTENSION.nameConstraints)
  if (extension === undefined) return []
  const constraints = readNameConstraints(extension.value)
  return constraints && [constraints]
}
