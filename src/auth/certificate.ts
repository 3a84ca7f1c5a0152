import type { X509Certificate } from 'node:crypto'
import {
  ABSENT,
  refused,
  type Outcome,
  type PresentedCertificate,
  type RefusalReason,
} from './authenticator.ts'
import { isPrincipalKind, principalOf, type Principal } from './principal.ts'
import { keyDigestOf, revocationName } from './revocation.ts'

/** OID of `id-kp-clientAuth` (RFC 5280, section 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** One CA whose certificates are believed, with what it last said about revocation. */
export interface TrustedIssuer {
  readonly certificate: X509Certificate
  /** End of the last CRL of this CA whose signature verified, in ms since the epoch; past it nothing of it is believed. */
  readonly nextUpdate: number
  /** Serial numbers in upper-case hex, as `X509Certificate.serialNumber` prints them. */
  readonly revoked: ReadonlySet<string>
}

/**
 * What is trusted at one moment. Immutable: another moment is another object, so that comparing two by identity
 * answers whether the trust epoch has moved.
 */
export interface Trust {
  readonly trustDomain: string
  readonly issuers: readonly TrustedIssuer[]
}

/** The outcome of admission, and until when nothing but a new trust epoch can change it (ms since the epoch). */
export interface Admission {
  readonly outcome: Outcome
  readonly validUntil: number
  /** What the certificate is called in the live revocation list; absent unless it was identified. */
  readonly revocationName?: string
}

/**
 * Judges what TLS proved about the peer of one connection: not a CA, for client use and nothing else, exactly one
 * principal of our trust domain, valid now, of a trusted issuer whose CRL is fresh, not revoked.
 *
 * Pure. Fails closed: whatever is missing, doubled or unreadable is a refusal; only a peer without any certificate is
 * absent. TLS has checked the chain (OpenSSL); that is checked again here only as far as the issuer, since a
 * connection outlives changes of trust.
 *
 * @param now ms since the epoch
 */
export function admitCertificate(presented: PresentedCertificate, trust: Trust, now: number): Admission {
  if (presented.kind === 'none') return { outcome: ABSENT, validUntil: Infinity }
  if (presented.kind === 'untrusted') return refusal('certificate_untrusted')
  const { certificate } = presented
  if (certificate.ca || !isForClientsOnly(certificate)) return refusal('certificate_wrong_usage')
  const notBefore = certificate.validFromDate.getTime()
  const notAfter = certificate.validToDate.getTime()
  if (!(now >= notBefore)) return refusal('certificate_not_yet_valid', notBefore)
  if (!(now < notAfter)) return refusal('certificate_expired')
  const principal = principalIn(certificate.subjectAltName, trust.trustDomain)
  if (principal === undefined) return refusal('certificate_no_principal')
  const issuer = trust.issuers.find((candidate) => issued(candidate.certificate, certificate))
  if (issuer === undefined) return refusal('certificate_untrusted')
  if (issuer.revoked.has(certificate.serialNumber)) return refusal('certificate_revoked')
  if (!(now < issuer.nextUpdate)) return refusal('crl_stale')
  const identity = {
    principal,
    method: 'certificate' as const,
    authenticatedAt: now,
    credential: `sha256:${thumbprintOf(certificate)}`,
    expiresAt: notAfter,
  }
  return {
    outcome: { kind: 'identified', identity },
    validUntil: Math.min(notAfter, issuer.nextUpdate),
    revocationName: revocationName({
      issuer: keyDigestOf(issuer.certificate),
      serial: certificate.serialNumber,
    }),
  }
}

/**
 * Reads the one principal out of a subject alternative name. The whole string must be exactly one URI of our trust
 * domain: it is never split, since names can be made to look like two.
 */
export function principalIn(subjectAltName: string | undefined, trustDomain: string): Principal | undefined {
  const prefix = `URI:spiffe://${trustDomain}/`
  if (subjectAltName?.startsWith(prefix) !== true) return undefined
  const [kind, name, ...rest] = subjectAltName.slice(prefix.length).split('/')
  if (kind === undefined || name === undefined || rest.length > 0 || !isPrincipalKind(kind)) return undefined
  return principalOf(kind, name)
}

/** Hex SHA-256 of the certificate (RFC 8705, section 3.1, there in base64url). */
export function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

function isForClientsOnly(certificate: X509Certificate): boolean {
  // `keyUsage` holds the *extended* key usages; it is undefined, against its type, where the extension is missing.
  const usages: readonly string[] | undefined = certificate.keyUsage
  return usages?.length === 1 && usages[0] === CLIENT_AUTH
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function refusal(reason: RefusalReason, validUntil = Infinity): Admission {
  return { outcome: refused(reason), validUntil }
}
