import {
  bitsOf,
  booleanOf,
  DER,
  derElements,
  derInside,
  oidOf,
  smallIntegerOf,
  type DerElement,
} from './der.ts'

/** One extension of a certificate (RFC 5280, 4.2). */
export interface CertificateExtension {
  readonly oid: string
  readonly critical: boolean
  /** What is inside of its octet string. */
  readonly value: Buffer
}

/** One name of a subject alternative name (RFC 5280, 4.2.1.6): one character for each octet, whatever octets those are. */
export interface GeneralName {
  /** `other` is what nothing here reads. */
  readonly type: 'uri' | 'dns' | 'email' | 'address' | 'directory' | 'other'
  readonly value: string
}

/** What a certificate says beyond what node:crypto tells, or tells only as text that would have to be split. */
export interface CertificateDetails {
  /** OID of the signature's algorithm, and its parameters as they stand. */
  readonly signature: { readonly oid: string; readonly parameters: Buffer }
  /** DER of the subject's name. */
  readonly subject: Buffer
  readonly extensions: ReadonlyMap<string, CertificateExtension>
  /** Absent if the extension is missing; so are the others. */
  readonly basicConstraints?: BasicConstraints
  /** Numbers of the bits, as in RFC 5280, 4.2.1.3. */
  readonly keyUsage?: ReadonlySet<number>
  /** OIDs. */
  readonly extendedKeyUsage?: readonly string[]
  readonly names: readonly GeneralName[]
}

/** RFC 5280, 4.2.1.9. */
export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength?: number
}

/** OIDs of the extensions that are understood here (RFC 5280, 4.2.1). */
export const EXTENSION = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
} as const

/** More than any certificate has that is meant for somebody; what has more is refused. */
const MOST = { extensions: 32, names: 32, usages: 16 } as const
/** Larger ones are not looked at, in octets. */
const LARGEST = 64 * 1024
const LONGEST_SERIAL = 21

/** Context tags of GeneralName. */
const NAME_TYPES: ReadonlyMap<number, GeneralName['type']> = new Map([
  [0x81, 'email'],
  [0x82, 'dns'],
  [0xa4, 'directory'],
  [0x86, 'uri'],
  [0x87, 'address'],
])

/**
 * Reads a certificate that OpenSSL has parsed, once more and strictly: version 3, DER all through as far as it is
 * read, no extension twice, bounded. Linear in its size.
 *
 * Fails closed: `undefined` for whatever is odd. Never throws.
 *
 * @param raw DER, as `X509Certificate.raw` has it
 */
export function certificateDetails(raw: Buffer): CertificateDetails | undefined {
  if (raw.length > LARGEST) return undefined
  const [body, algorithm, signature, ...more] = derInside(raw, DER.sequence, 3) ?? []
  if (body?.tag !== DER.sequence || algorithm?.tag !== DER.sequence) return undefined
  if (signature?.tag !== DER.bitString || more.length > 0) return undefined
  const fields = fieldsOf(body.content)
  // Both are there so that the algorithm is signed, too (RFC 5280, 4.1.1.2).
  if (fields === undefined || !fields.algorithm.content.equals(algorithm.content)) return undefined
  const extensions = extensionsOf(fields.extensions)
  const [oid, ...parameters] = derElements(algorithm.content, 2) ?? []
  const name = oidOf(oid)
  if (extensions === undefined || name === undefined) return undefined
  const understood = understoodIn(extensions)
  const signed = { oid: name, parameters: parameters[0]?.content ?? Buffer.alloc(0) }
  return understood && { signature: signed, subject: fields.subject.content, extensions, ...understood }
}

interface Fields {
  readonly algorithm: DerElement
  readonly subject: DerElement
  readonly extensions: DerElement
}

/** TBSCertificate of version 3 (RFC 5280, 4.1), without the unique identifiers that nobody may write. */
function fieldsOf(body: Buffer): Fields | undefined {
  const [version, serial, algorithm, issuer, validity, subject, key, extensions, ...more] =
    derElements(body, 8) ?? []
  const [number] = (version?.tag === 0xa0 ? derElements(version.content, 1) : undefined) ?? []
  if (number === undefined || smallIntegerOf(number) !== 2 || more.length > 0) return undefined
  if (serial === undefined || !isSerial(serial) || algorithm?.tag !== DER.sequence) return undefined
  if ([issuer, validity, subject, key].some((field) => field?.tag !== DER.sequence)) return undefined
  return subject === undefined || extensions?.tag !== 0xa3 ? undefined : { algorithm, subject, extensions }
}

/** Not negative (RFC 5280, 4.1.2.2): node:crypto prints such a one in a way that lists of revoked ones do not have. */
function isSerial({ tag, content }: DerElement): boolean {
  const [first = 0xff, second = 0xff] = content
  const isShortest = content.length === 1 || first !== 0 || second > 0x7f
  return tag === DER.integer && first < 0x80 && isShortest && content.length <= LONGEST_SERIAL
}

function extensionsOf({ content }: DerElement): ReadonlyMap<string, CertificateExtension> | undefined {
  const elements = derInside(content, DER.sequence, MOST.extensions)
  if (elements === undefined) return undefined
  const extensions = new Map<string, CertificateExtension>()
  for (const element of elements) {
    const extension = extensionOf(element)
    if (extension === undefined || extensions.has(extension.oid)) return undefined
    extensions.set(extension.oid, extension)
  }
  return extensions
}

function extensionOf({ tag, content }: DerElement): CertificateExtension | undefined {
  const parts = tag === DER.sequence ? derElements(content, 3) : undefined
  const [oid, value] = [oidOf(parts?.[0]), parts?.at(-1)]
  if (parts === undefined || oid === undefined || value?.tag !== DER.octetString) return undefined
  const [, flag] = parts
  // The default is not written in DER (X.690, 11.5), so a flag that is there says true.
  const critical = parts.length === 3 && flag !== undefined && booleanOf(flag) === true
  return critical || parts.length === 2 ? { oid, critical, value: value.content } : undefined
}

type Understood = Pick<CertificateDetails, 'basicConstraints' | 'keyUsage' | 'extendedKeyUsage' | 'names'>

function understoodIn(extensions: ReadonlyMap<string, CertificateExtension>): Understood | undefined {
  const read = <T>(oid: string, reader: (value: Buffer) => T | undefined): T | undefined | null => {
    const extension = extensions.get(oid)
    return extension === undefined ? null : reader(extension.value)
  }
  const basicConstraints = read(EXTENSION.basicConstraints, basicConstraintsOf)
  const keyUsage = read(EXTENSION.keyUsage, keyUsageOf)
  const extendedKeyUsage = read(EXTENSION.extendedKeyUsage, extendedKeyUsageOf)
  const names = read(EXTENSION.subjectAltName, generalNamesOf)
  if (basicConstraints === undefined || keyUsage === undefined) return undefined
  if (extendedKeyUsage === undefined || names === undefined) return undefined
  return {
    ...(basicConstraints === null ? {} : { basicConstraints }),
    ...(keyUsage === null ? {} : { keyUsage }),
    ...(extendedKeyUsage === null ? {} : { extendedKeyUsage }),
    names: names ?? [],
  }
}

function basicConstraintsOf(value: Buffer): BasicConstraints | undefined {
  const parts = derInside(value, DER.sequence, 2)
  if (parts === undefined) return undefined
  const [flag, length] = parts
  if (flag === undefined) return { ca: false }
  // FALSE is the default and not written; a length without CA means nothing (RFC 5280, 4.2.1.9).
  if (booleanOf(flag) !== true) return undefined
  if (length === undefined) return { ca: true }
  const pathLength = smallIntegerOf(length)
  return pathLength === undefined ? undefined : { ca: true, pathLength }
}

function keyUsageOf(value: Buffer): ReadonlySet<number> | undefined {
  const [bits] = derElements(value, 1) ?? []
  return bits && bitsOf(bits)
}

function extendedKeyUsageOf(value: Buffer): readonly string[] | undefined {
  const oids = derInside(value, DER.sequence, MOST.usages)?.map(oidOf)
  return oids?.every((oid) => oid !== undefined) === true ? oids : undefined
}

function generalNamesOf(value: Buffer): readonly GeneralName[] | undefined {
  return derInside(value, DER.sequence, MOST.names)?.map(generalNameOf)
}

/** One octet is one character: two different names never read alike. */
export function generalNameOf({ tag, content }: DerElement): GeneralName {
  return { type: NAME_TYPES.get(tag) ?? 'other', value: content.toString('latin1') }
}
