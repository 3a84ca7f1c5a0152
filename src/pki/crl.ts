import type { Signer } from './certify.ts'
import type { RevokedSerial } from './crl-content.ts'
import { signingAlgorithm } from './key.ts'
import { pemOf } from './pem.ts'
import { BACKDATING } from './profile.ts'
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts'
import { AuthorityKeyIdentifierExtension, Extension, X509CrlGenerator } from './x509.ts'

/** What a new revocation list says. Times in ms since the epoch. */
export interface RevocationListTemplate {
  readonly number: bigint
  readonly entries: readonly RevokedSerial[]
  readonly thisUpdate: number
  readonly nextUpdate: number
}

const CRL_NUMBER = '2.5.29.20'
const REASON_CODE = '2.5.29.21'

/** The template of a list that a CA signs now; backdated like certificates, for clocks a little behind ours. */
export function revocationListTemplate(
  number: bigint,
  entries: readonly RevokedSerial[],
  life: number,
  now: number,
): RevocationListTemplate {
  return { number, entries, thisUpdate: now - BACKDATING, nextUpdate: now + life }
}

/** Signs a revocation list and gives it as PEM, under the label that OpenSSL reads (`X509 CRL`, RFC 7468, 7). */
export async function signRevocationList(template: RevocationListTemplate, issuer: Signer): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: issuer.certificate.subjectName,
    thisUpdate: new Date(template.thisUpdate),
    nextUpdate: new Date(template.nextUpdate),
    entries: template.entries.map(({ serial, at, reason = 'privilegeWithdrawn' }) => ({
      serialNumber: serial,
      revocationDate: new Date(at),
      // Always one, also for "unspecified" (RFC 5280, 5.3.1, would rather have none): without it the library writes an
      // empty list of extensions, which is no DER (5.1).
      extensions: [reasonCode(reason)],
    })),
    extensions: [
      await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      new Extension(CRL_NUMBER, false, derInteger(template.number)),
    ],
    signingAlgorithm: signingAlgorithm(issuer.key),
    signingKey: issuer.key,
  })
  return pemOf('X509 CRL', new Uint8Array(list.rawData))
}

/** An ENUMERATED (RFC 5280, 5.3.1). */
function reasonCode(reason: RevocationReason): Extension {
  return new Extension(REASON_CODE, false, Buffer.of(0x0a, 1, REVOCATION_REASONS[reason]))
}

/** DER of a non-negative INTEGER below 2^159 (RFC 5280, 5.2.3: at most 20 octets). */
function derInteger(value: bigint): Buffer {
  const hex = value.toString(16)
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const positive = (octets[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), octets]) : octets
  return Buffer.concat([Buffer.of(0x02, positive.length), positive])
}
