import { createPrivateKey, X509Certificate } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { namedClient } from '../pki/named-client.ts'
import { pemBlocks } from '../pki/pem.ts'

/** What a certificate from the network must be to be kept. */
export interface Expected {
  /** Our key, PEM. */
  readonly key: string
  /** The root that it must lead to, PEM; any one of several. */
  readonly root: string
  /** The identity that it must name; any of a client when it is not known yet. */
  readonly uri?: string
  /** When it must be valid, in ms since the epoch: where a good one would be replaced by it. */
  readonly now?: number
}

/** OID of `id-kp-clientAuth` (RFC 5280, section 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Leaf, issuing CA, and what a corporate CA may have above it. */
const LONGEST_CHAIN = 4

/**
 * Checks a certificate that a server sent: that it is for our key, for clients alone, names one identity, and was
 * issued under our root. The server was trusted before; this is so that no fault of it replaces a good certificate.
 *
 * @param certificate PEM: the leaf, then the issuing CA
 * @returns the URI that it names
 * @throws SallyportError `CERTIFICATE_INVALID`
 */
export function assertReceived(certificate: string, { key, root, uri, now }: Expected): string {
  const chain = certificatesIn(certificate)
  const [leaf] = chain
  if (leaf === undefined || chain.length > LONGEST_CHAIN) throw unfit('no certificate that can be read')
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw unfit('a certificate for another key')
  const usages: readonly string[] | undefined = leaf.keyUsage
  if (leaf.ca || usages?.length !== 1 || usages[0] !== CLIENT_AUTH)
    throw unfit('a certificate that is not for clients')
  if (!leadsTo(chain, certificatesIn(root))) throw unfit('a certificate that is not of our CA')
  const named = namedClient(leaf)?.uri
  if (named === undefined) throw unfit('a certificate that names no client')
  if (uri !== undefined && named !== uri) throw unfit(`a certificate of ${named}, not of ${uri}`)
  if (now !== undefined && (now < leaf.validFromDate.getTime() || now >= leaf.validToDate.getTime()))
    throw unfit('a certificate that is not valid now (is the clock right?)')
  return named
}

/** Each is signed by the next, and the last by a root or a root itself. */
function leadsTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean {
  return chain.every((certificate, at) => {
    const next = chain[at + 1]
    return next === undefined
      ? roots.some((root) => root.raw.equals(certificate.raw) || isSignedBy(certificate, root))
      : isSignedBy(certificate, next)
  })
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  try {
    const blocks = pemBlocks(pem)
    if (blocks.some(({ label }) => label !== 'CERTIFICATE')) return []
    return blocks.map(({ der }) => new X509Certificate(der))
  } catch {
    return []
  }
}

function unfit(what: string): SallyportError {
  return new SallyportError('CERTIFICATE_INVALID', `the server sent ${what}: nothing was replaced`)
}
