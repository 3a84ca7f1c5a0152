import { verify, type KeyObject } from 'node:crypto'
import { der, DER, derOid } from './der.ts'

/** How something is signed: the type of the key, and the digest (none for Ed25519, which has its own). */
interface Scheme {
  readonly key: 'ec' | 'rsa' | 'ed25519'
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null
}

/** RSA with PKCS #1 v1.5 carries NULL parameters (RFC 4055, 5); the others carry none (RFC 5758, 3.2; RFC 8410, 3). */
const algorithm = (oid: string, ...parameters: readonly Buffer[]): string =>
  der(DER.sequence, derOid(oid), ...parameters).toString('hex')

const NULL = der(DER.null)

/** By the DER of AlgorithmIdentifier, whole, in hex. SHA-1 is none of them. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  [algorithm('1.2.840.10045.4.3.2'), { key: 'ec', digest: 'sha256' }],
  [algorithm('1.2.840.10045.4.3.3'), { key: 'ec', digest: 'sha384' }],
  [algorithm('1.2.840.10045.4.3.4'), { key: 'ec', digest: 'sha512' }],
  [algorithm('1.3.101.112'), { key: 'ed25519', digest: null }],
  [algorithm('1.2.840.113549.1.1.11', NULL), { key: 'rsa', digest: 'sha256' }],
  [algorithm('1.2.840.113549.1.1.12', NULL), { key: 'rsa', digest: 'sha384' }],
  [algorithm('1.2.840.113549.1.1.13', NULL), { key: 'rsa', digest: 'sha512' }],
])

/**
 * Verifies the signature of something in X.509. Fails closed: one of an algorithm that is unknown here, or does not
 * belong to the key, is not good.
 *
 * @param algorithm DER of the AlgorithmIdentifier
 */
export function signatureIsGood(
  signed: Buffer,
  algorithmIdentifier: Buffer,
  signature: Buffer,
  key: KeyObject,
): boolean {
  const scheme = SCHEMES.get(algorithmIdentifier.toString('hex'))
  if (scheme === undefined || key.asymmetricKeyType !== scheme.key) return false
  return verify(scheme.digest, signed, key, signature)
}
