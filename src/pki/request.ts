import { verify, type KeyObject } from 'node:crypto'
import { isSallyportError, SallyportError } from '../errors.ts'
import { der, DER, derChildren, derOid, oidText, readDer, type DerElement } from './der.ts'
import { KEY_TYPES, keyTypeOf, readPublicKey, verifyingKey, type Key } from './key.ts'
import { pemBlocks } from './pem.ts'

/** A certificate request whose signature was verified: who sent it holds the key. Nothing else is taken from it. */
export interface CertificateRequest {
  readonly publicKey: Key
}

/** Whom the certificate will name: decided by the issuer, before the request is looked at. */
export interface RequestedIdentity {
  /** As in `spiffe://sallyport.internal/service/billing`. */
  readonly uri: string
  readonly name: string
}

/** No request is longer than this many characters. */
const LONGEST_REQUEST = 16 * 1024

/** RFC 7468, 7, and the label that older programs write. */
const LABELS: ReadonlySet<string> = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'])

const OID = {
  commonName: '2.5.4.3',
  extensionRequest: '1.2.840.113549.1.9.14',
  challengePassword: '1.2.840.113549.1.9.7',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

/** Signatures that are believed, by their identifier's object identifier (RFC 5758, 3.2; RFC 8410, 6). */
const SIGNATURES: Readonly<
  Record<string, { readonly hash: string | null; readonly keys: readonly string[] }>
> = {
  '1.2.840.10045.4.3.2': { hash: 'sha256', keys: ['p256', 'p384'] },
  '1.2.840.10045.4.3.3': { hash: 'sha384', keys: ['p256', 'p384'] },
  '1.2.840.10045.4.3.4': { hash: 'sha512', keys: ['p256', 'p384'] },
  '1.3.101.112': { hash: null, keys: ['ed25519'] },
}

/**
 * Reads a certificate request (PKCS #10, RFC 2986) for an identity that the issuer has named.
 *
 * Fails closed: one that cannot be read, is not signed by its own key, has a key of another kind, or asks for anything
 * but what the profile of that identity gives anyway is refused, never cut down. Nothing is copied but the key.
 *
 * @throws SallyportError `CERTIFICATE_REQUEST_REFUSED`, and nothing else
 */
export async function readRequest(pem: string, identity: RequestedIdentity): Promise<CertificateRequest> {
  try {
    const parts = partsOf(derOf(pem))
    const key = keyOf(parts.key)
    assertSignature(parts, key)
    assertSubject(parts.subject, identity.name)
    assertAttributes(parts.attributes, identity.uri)
    return { publicKey: await verifyingKey(key) }
  } catch (cause) {
    throw isSallyportError(cause, 'CERTIFICATE_REQUEST_REFUSED') ? cause : refused('cannot be read', cause)
  }
}

function derOf(pem: string): Buffer {
  if (pem.length > LONGEST_REQUEST) throw refused('is too long')
  const [block, ...more] = pemBlocks(pem)
  if (block === undefined || !LABELS.has(block.label) || more.length > 0)
    throw refused('is not one PEM block "CERTIFICATE REQUEST"')
  return block.der
}

interface Parts {
  /** What was signed. */
  readonly info: DerElement
  readonly subject: DerElement
  readonly key: DerElement
  readonly attributes: readonly DerElement[]
  readonly algorithm: DerElement
  readonly signature: DerElement
}

/** RFC 2986, 4. The list of attributes is left out by some programs when it is empty. */
function partsOf(octets: Buffer): Parts {
  const [info, algorithm, signature, ...more] = inside(readDer(octets), DER.sequence)
  if (info === undefined || algorithm === undefined || signature === undefined || more.length > 0)
    throw refused('has the wrong shape')
  const [version, subject, key, attributes, ...rest] = inside(info, DER.sequence)
  if (version === undefined || subject === undefined || key === undefined || rest.length > 0)
    throw refused('has the wrong shape')
  if (!version.raw.equals(der(DER.integer, Buffer.of(0)))) throw refused('is not of version 1')
  return {
    info,
    subject,
    key,
    attributes: attributes === undefined ? [] : inside(attributes, 0xa0),
    algorithm,
    signature,
  }
}

function keyOf({ raw }: DerElement): KeyObject {
  const key = readPublicKey(raw)
  if (key === undefined) throw refused(`has a key that is none of ${KEY_TYPES.join(', ')}: make one of those`)
  return key
}

/** The proof that whoever asks holds the key. */
function assertSignature({ info, algorithm, signature }: Parts, key: KeyObject): void {
  const [oid, ...parameters] = inside(algorithm, DER.sequence)
  const known = SIGNATURES[(oid && oidText(oid)) ?? '']
  if (known === undefined || parameters.length > 0 || !known.keys.includes(keyTypeOf(key) ?? ''))
    throw refused('is signed in a way that is not accepted: use ECDSA with SHA-256 or better, or Ed25519')
  const bits = signature.content
  if (signature.tag !== DER.bitString || bits[0] !== 0) throw refused('has the wrong shape')
  if (!verify(known.hash, info.raw, key, bits.subarray(1))) throw refused('is not signed by its own key')
}

/** Empty, or the name that the certificate will have anyway. */
function assertSubject(subject: DerElement, name: string): void {
  const [set, ...more] = inside(subject, DER.sequence)
  if (set === undefined) return
  const named = [DER.utf8String, DER.printableString].some((tag) =>
    set.raw.equals(der(DER.set, der(DER.sequence, derOid(OID.commonName), der(tag, Buffer.from(name))))),
  )
  if (more.length > 0 || !named)
    throw refused(`names a subject of its own: leave it empty, or write CN=${name}`)
}

function assertAttributes(attributes: readonly DerElement[], uri: string): void {
  const lists = attributes.map((attribute) => {
    const [type, values, ...more] = inside(attribute, DER.sequence)
    if (type === undefined || values === undefined || more.length > 0) throw refused('has the wrong shape')
    const oid = oidText(type) ?? 'too long to be shown'
    if (oid === OID.challengePassword) throw refused('has a challenge password, for which there is no use')
    if (oid !== OID.extensionRequest) throw refused(`has an attribute that is unknown here (${oid})`)
    return inside(values, DER.set)
  })
  const [list, ...more] = lists.flat()
  if (lists.length > 1 || more.length > 0 || (lists.length === 1 && list === undefined))
    throw refused('does not have its list of extensions once')
  if (list !== undefined) assertExtensions(inside(list, DER.sequence), uri)
}

/** What may be asked for: what is given anyway. Each by its only encodings; `FALSE` written out is a habit of some. */
function askable(uri: string): ReadonlyMap<string, readonly [what: string, ...values: readonly Buffer[]]> {
  return new Map([
    [
      OID.subjectAltName,
      [`asks for other names than ${uri}`, der(DER.sequence, der(0x86, Buffer.from(uri)))],
    ],
    [
      OID.extendedKeyUsage,
      ['asks for other purposes than clientAuth', der(DER.sequence, derOid(OID.clientAuth))],
    ],
    [
      OID.keyUsage,
      ['asks for other key usages than digitalSignature', der(DER.bitString, Buffer.of(7, 0x80))],
    ],
    [
      OID.basicConstraints,
      ['asks to be a CA', der(DER.sequence), der(DER.sequence, der(DER.boolean, Buffer.of(0)))],
    ],
  ])
}

function assertExtensions(extensions: readonly DerElement[], uri: string): void {
  const known = askable(uri)
  const seen = new Set<string>()
  for (const extension of extensions) {
    const { oid, value } = extensionOf(extension)
    if (seen.has(oid)) throw refused(`asks for one extension twice (${oid})`)
    seen.add(oid)
    const [what, ...values] = known.get(oid) ?? []
    if (what === undefined) throw refused(`asks for an extension that is not given (${oid})`)
    if (!values.some((allowed) => allowed.equals(value))) throw refused(what)
  }
}

/** RFC 5280, 4.1: whether it is critical is for the issuer to say. */
function extensionOf(extension: DerElement): { readonly oid: string; readonly value: Buffer } {
  const parts = inside(extension, DER.sequence)
  const [type, flag] = parts
  const value = parts.at(-1)
  const flagged = parts.length === 3 && flag?.tag === DER.boolean && flag.content.length === 1
  if (type === undefined || value?.tag !== DER.octetString || (parts.length !== 2 && !flagged))
    throw refused('has the wrong shape')
  return { oid: oidText(type) ?? 'too long to be shown', value: value.content }
}

function inside(element: DerElement, tag: number): readonly DerElement[] {
  if (element.tag !== tag) throw refused('has the wrong shape')
  return derChildren(element)
}

function refused(problem: string, cause?: unknown): SallyportError {
  return new SallyportError('CERTIFICATE_REQUEST_REFUSED', `the certificate request ${problem}`, { cause })
}
