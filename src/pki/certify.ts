import { createHash, randomBytes } from 'node:crypto'
import { CEILING_OID, encodeCeiling } from './ceiling.ts'
import { newKeyPair, signingAlgorithm, type Key, type KeyPair, type KeyType } from './key.ts'
import { NAME_CONSTRAINTS_OID, encodeNameConstraints } from './name-constraints.ts'
import { pemOf } from './pem.ts'
import type { CertificateTemplate } from './profile.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from './x509.ts'

/** Who signs: a CA's certificate and the key that belongs to it. */
export interface Signer {
  readonly certificate: X509Certificate
  readonly key: Key
}

/** A certificate, fresh from the CA. */
export interface Certified {
  readonly certificate: X509Certificate
  readonly keys: KeyPair
}

/** Longest common name and organization name, in characters (RFC 5280, appendix A.1). */
const LONGEST_ATTRIBUTE = 64

/**
 * Makes a new key and a certificate for it that says what the template says. What is issued never outlives its
 * issuer: `notAfter` is cut down to the issuer's.
 *
 * @param issuer who signs; left out, the certificate signs itself (a root)
 * @param type the kind of the new key
 */
export async function certify(
  template: CertificateTemplate,
  issuer?: Signer,
  type?: KeyType,
): Promise<Certified> {
  const keys = await newKeyPair(type)
  const signer = issuer ?? { key: keys.privateKey }
  return { certificate: await certifyKey(template, keys.publicKey, signer), keys }
}

/** As {@link certify}, for a key that somebody else holds: whose proof of possession was checked before. */
export async function certifyKey(
  template: CertificateTemplate,
  publicKey: Key,
  issuer: Pick<Signer, 'key'> & Partial<Signer>,
): Promise<X509Certificate> {
  const subject = subjectOf(template)
  return await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject,
    issuer: issuer.certificate?.subjectName ?? subject,
    notBefore: wholeSeconds(template.notBefore),
    notAfter: wholeSeconds(Math.min(template.notAfter, issuer.certificate?.notAfter.getTime() ?? Infinity)),
    publicKey,
    signingKey: issuer.key,
    signingAlgorithm: signingAlgorithm(issuer.key),
    extensions: await extensionsOf(template, publicKey, issuer.certificate),
  })
}

/** A certificate as PEM. */
export function certificatePem(certificate: X509Certificate): string {
  return pemOf('CERTIFICATE', new Uint8Array(certificate.rawData))
}

/** `sha256:` and the lower-case hex digest of a certificate's DER. */
export function thumbprintOf(certificate: X509Certificate): string {
  return `sha256:${createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex')}`
}

/** The serial in upper-case hex, as `X509Certificate.serialNumber` of node:crypto prints it. */
export function serialText(hex: string): string {
  const digits = hex.toUpperCase().replace(/^(?:00)+(?=..)/, '')
  if (/^0+$/.test(digits)) return '0'
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

/**
 * A serial of 20 octets with 158 random bits (RFC 5280, 4.1.2.2: positive, at most 20 octets). The first octet is
 * 0x40 to 0x7f, so that it is never negative and never gets a leading zero.
 */
function newSerial(): string {
  const serial = randomBytes(20)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial.toString('hex')
}

function subjectOf(template: CertificateTemplate): { [attribute: string]: string[] }[] {
  const organization = template.organization?.slice(0, LONGEST_ATTRIBUTE)
  return [
    ...(organization === undefined ? [] : [{ O: [organization] }]),
    { CN: [template.commonName.slice(0, LONGEST_ATTRIBUTE)] },
  ]
}

async function extensionsOf(
  template: CertificateTemplate,
  publicKey: Key,
  issuer: X509Certificate | undefined,
): Promise<Extension[]> {
  const { authority, usages, purposes, names, permitted, ceiling, revocationList } = template
  return [
    new BasicConstraintsExtension(authority !== undefined, authority?.pathLength, true),
    new KeyUsagesExtension(flagsOf(usages), true),
    ...(purposes.length === 0
      ? []
      : [new ExtendedKeyUsageExtension(purposes.map((purpose) => ExtendedKeyUsage[purpose]))]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
    ...(permitted === undefined
      ? []
      : [new Extension(NAME_CONSTRAINTS_OID, true, encodeNameConstraints(permitted))]),
    ...(ceiling === undefined ? [] : [new Extension(CEILING_OID, false, encodeCeiling(ceiling))]),
    ...(revocationList === undefined ? [] : [new CRLDistributionPointsExtension([revocationList])]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer?.publicKey ?? publicKey),
  ]
}

function flagsOf(usages: CertificateTemplate['usages']): KeyUsageFlags {
  const [first, ...rest] = usages
  return rest.reduce<KeyUsageFlags>((flags, usage) => flags | KeyUsageFlags[usage], KeyUsageFlags[first])
}

/** X.509 knows whole seconds only. */
function wholeSeconds(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000)
}
