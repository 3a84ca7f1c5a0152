import { webcrypto } from 'node:crypto'
import type { Signer } from './certify.ts'
import type { RevokedSerial } from './crl-content.ts'
import { der, DER, derOid } from './der.ts'
import { derTime } from './der-time.ts'
import { signingAlgorithm, type Key } from './key.ts'
import { pemOf } from './pem.ts'
import { BACKDATING } from './profile.ts'
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts'
import { AuthorityKeyIdentifierExtension, Extension } from './x509.ts'

/** What a new revocation list says. Times in ms since the epoch. */
export interface RevocationListTemplate {
  readonly number: bigint
  readonly entries: readonly RevokedSerial[]
  readonly thisUpdate: number
  readonly nextUpdate: number
}

const CRL_NUMBER = '2.5.29.20'
const REASON_CODE = '2.5.29.21'

/** How our kinds of key sign, by hash; Ed25519 has its own (RFC 5758, 3.2; RFC 8410, 3). */
const SIGNATURES = {
  'SHA-256': '1.2.840.10045.4.3.2',
  'SHA-384': '1.2.840.10045.4.3.3',
  Ed25519: '1.3.101.112',
} as const

/** The context tag [0] of the extensions. */
const EXTENSIONS = 0xa0

/** The template of a list that a CA signs now; backdated like certificates, for clocks a little behind ours. */
export function revocationListTemplate(
  number: bigint,
  entries: readonly RevokedSerial[],
  life: number,
  now: number,
): RevocationListTemplate {
  return { number, entries, thisUpdate: now - BACKDATING, nextUpdate: now + life }
}

/**
 * Signs a revocation list (RFC 5280, 5.1) and gives it as PEM, under the label that OpenSSL reads (`X509 CRL`,
 * RFC 7468, 7). Each serial must be there once. The time it takes grows with the entries, not with their square as in the
 * library: who signs holds the ledger, and nobody issues or revokes meanwhile.
 */
export async function signRevocationList(template: RevocationListTemplate, issuer: Signer): Promise<string> {
  const algorithm = algorithmOf(issuer.key)
  const extensions = [
    await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
    new Extension(CRL_NUMBER, false, positive(evenHex(template.number.toString(16)))),
  ]
  const signed = der(
    DER.sequence,
    der(DER.integer, Buffer.of(1)),
    algorithm,
    new Uint8Array(issuer.certificate.subjectName.toArrayBuffer()),
    derTime(template.thisUpdate),
    derTime(template.nextUpdate),
    ...(template.entries.length === 0
      ? []
      : [der(DER.sequence, Buffer.concat(template.entries.map(entryOf)))]),
    der(EXTENSIONS, der(DER.sequence, ...extensions.map(({ rawData }) => new Uint8Array(rawData)))),
  )
  const signature = der(DER.bitString, Buffer.of(0), await signatureOf(signed, issuer.key))
  return pemOf('X509 CRL', der(DER.sequence, signed, algorithm, signature))
}

/** Always with a reason, also "unspecified" (RFC 5280, 5.3.1, would rather have none): one shape for all. */
function entryOf({ serial, at, reason = 'privilegeWithdrawn' }: RevokedSerial): Buffer {
  return der(DER.sequence, positive(evenHex(serial)), derTime(at), reasonExtensions(reason))
}

/** An ENUMERATED (RFC 5280, 5.3.1). */
function reasonExtensions(reason: RevocationReason): Buffer {
  const value = der(DER.octetString, Buffer.of(0x0a, 1, REVOCATION_REASONS[reason]))
  return der(DER.sequence, der(DER.sequence, derOid(REASON_CODE), value))
}

function algorithmOf(key: Key): Buffer {
  const { name, hash } = signingAlgorithm(key)
  return der(DER.sequence, derOid(SIGNATURES[hash ?? (name === 'Ed25519' ? name : 'SHA-256')]))
}

/** WebCrypto gives the two numbers of ECDSA side by side; X.509 has them as a sequence (RFC 3279, 2.2.3). */
async function signatureOf(signed: Buffer, key: Key): Promise<Buffer> {
  const algorithm = signingAlgorithm(key)
  const signature = Buffer.from(await webcrypto.subtle.sign(algorithm, key, new Uint8Array(signed)))
  if (algorithm.name === 'Ed25519') return signature
  const half = signature.length / 2
  return der(DER.sequence, positive(signature.subarray(0, half)), positive(signature.subarray(half)))
}

function evenHex(hex: string): Buffer {
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

/** A number that is not negative, from its octets, as INTEGER in its shortest form (X.690, 8.3.2). */
function positive(octets: Buffer): Buffer {
  const start = octets.findIndex((octet) => octet !== 0)
  const digits = start === -1 ? Buffer.of(0) : octets.subarray(start)
  return der(DER.integer, ...((digits[0] ?? 0) > 0x7f ? [Buffer.of(0)] : []), digits)
}
