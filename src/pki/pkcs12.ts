import { createHash, createHmac, createPrivateKey, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { der, DER, derInteger, derOid } from './der.ts'
import { encryptedKeyInfo, encryptPbes2 } from './encrypted-key.ts'
import { pemBlocks } from './pem.ts'

/** What goes into a file for browsers and operating systems. */
export interface Pkcs12Content {
  /** PEM: the leaf first, then whoever signed it. */
  readonly certificates: string
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string
  /** Under which name people will see it. */
  readonly friendlyName: string
  readonly password: string
}

/**
 * Rounds of each of the three derivations: as many as Windows and .NET take, who refuse files with more than 600,000
 * in all (KB5025823), with room for those that count twice.
 */
const ROUNDS = 100_000

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

/** Context tags: [0] around something whole, and [0] in the place of OCTET STRING. */
const EXPLICIT = 0xa0
const IMPLICIT_OCTETS = 0x80

/**
 * A key and its certificates as PKCS #12 (RFC 7292): both encrypted by PBES2 with AES-256, the whole under HMAC-SHA256.
 * node-forge makes such files for RSA keys only; its derivation of the MAC's key is what is used of it here.
 */
export async function pkcs12(content: Pkcs12Content): Promise<Buffer> {
  const [leaf, ...issuers] = pemBlocks(content.certificates).map(({ der: octets }) => octets)
  if (leaf === undefined) throw new TypeError('there is no certificate')
  const attributes = attributesOf(leaf, content.friendlyName)
  const certificates = [certificateBag(leaf, attributes), ...issuers.map((issuer) => certificateBag(issuer))]
  const pkcs8 = createPrivateKey(content.key).export({ format: 'der', type: 'pkcs8' })
  const key = bag(OID.keyBag, await encryptedKeyInfo(pkcs8, content.password, ROUNDS), attributes)
  const safes = der(
    DER.sequence,
    await encryptedSafe(der(DER.sequence, ...certificates), content.password),
    dataOf(der(DER.sequence, key)),
  )
  return der(DER.sequence, derInteger(3), dataOf(safes), macOf(safes, content.password))
}

/** ContentInfo of plain data. */
function dataOf(octets: Buffer): Buffer {
  return der(DER.sequence, derOid(OID.data), der(EXPLICIT, der(DER.octetString, octets)))
}

/** ContentInfo of encrypted data (RFC 2315, 13). */
async function encryptedSafe(safe: Buffer, password: string): Promise<Buffer> {
  const { algorithm, content } = await encryptPbes2(safe, password, ROUNDS)
  const inside = der(DER.sequence, derOid(OID.data), algorithm, der(IMPLICIT_OCTETS, content))
  const data = der(DER.sequence, derInteger(0), inside)
  return der(DER.sequence, derOid(OID.encryptedData), der(EXPLICIT, data))
}

function certificateBag(certificate: Buffer, attributes?: Buffer): Buffer {
  const value = der(
    DER.sequence,
    derOid(OID.x509Certificate),
    der(EXPLICIT, der(DER.octetString, certificate)),
  )
  return bag(OID.certificateBag, value, attributes)
}

function bag(type: string, value: Buffer, attributes: Buffer = Buffer.alloc(0)): Buffer {
  return der(DER.sequence, derOid(type), der(EXPLICIT, value), attributes)
}

/** What ties a key to its certificate, and its name; the members of a set in the order of their octets (X.690, 11.6). */
function attributesOf(leaf: Buffer, friendlyName: string): Buffer {
  const id = createHash('sha1').update(leaf).digest()
  const name = Buffer.from(friendlyName, 'utf16le').swap16()
  const attributes = [
    der(DER.sequence, derOid(OID.friendlyName), der(DER.set, der(DER.bmpString, name))),
    der(DER.sequence, derOid(OID.localKeyId), der(DER.set, der(DER.octetString, id))),
  ]
  return der(DER.set, ...attributes.toSorted((one, other) => Buffer.compare(one, other)))
}

/** RFC 7292, 4 and appendix B. */
function macOf(safes: Buffer, password: string): Buffer {
  const salt = randomBytes(16)
  const saltOf = forge.util.createBuffer(salt.toString('latin1'))
  const derived = forge.pkcs12.generateKey(password, saltOf, 3, ROUNDS, 32, forge.md.sha256.create())
  const mac = createHmac('sha256', Buffer.from(derived.toHex(), 'hex')).update(safes).digest()
  const digest = der(
    DER.sequence,
    der(DER.sequence, derOid(OID.sha256), der(DER.null)),
    der(DER.octetString, mac),
  )
  return der(DER.sequence, digest, der(DER.octetString, salt), derInteger(ROUNDS))
}
