import type { KeyObject } from 'node:crypto'
import type { CertificateDetails } from './certificate-details.ts'
import { derElements, oidOf } from './der.ts'

/** SHA-256, SHA-384, SHA-512. */
const DIGESTS: ReadonlySet<string> = new Set([
  '2.16.840.1.101.3.4.2.1',
  '2.16.840.1.101.3.4.2.2',
  '2.16.840.1.101.3.4.2.3',
])

/** Signatures over one of those: RSA PKCS #1 v1.5, ECDSA (RFC 4055, RFC 5758), and Ed25519 (RFC 8410). */
const SIGNATURES: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112',
])
const RSA_PSS = '1.2.840.113549.1.1.10'

const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const LEAST_MODULUS = 2048

/** Whether a certificate is signed over SHA-2 or with Ed25519. What is not known to be strong is weak. */
export function isStrongSignature({ oid, parameters }: CertificateDetails['signature']): boolean {
  return SIGNATURES.has(oid) || (oid === RSA_PSS && DIGESTS.has(pssDigest(parameters)))
}

/** Whether it is a key that we believe: RSA of 2048 bits and more, the three NIST curves, Ed25519. */
export function isStrongKey(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const isRsa = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss'
  if (isRsa) return modulusLength >= LEAST_MODULUS && publicExponent > 2n
  return key.asymmetricKeyType === 'ec' ? CURVES.has(namedCurve) : key.asymmetricKeyType === 'ed25519'
}

/** The digest that RSASSA-PSS names (RFC 4055, 3.1); where it names none it means SHA-1. */
function pssDigest(parameters: Buffer): string {
  const [digest] = derElements(parameters, 4) ?? []
  const [algorithm] = (digest?.tag === 0xa0 ? derElements(digest.content, 1) : undefined) ?? []
  const [oid] = (algorithm && derElements(algorithm.content, 2)) ?? []
  return oidOf(oid) ?? ''
}
