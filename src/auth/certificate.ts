import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  ABSENT,
  refused,
  type Outcome,
  type PresentedCertificate,
  type RefusalReason,
} from './authenticator.ts'
import { CEILING_OID, readCeiling } from './ceiling.ts'
import { certificateDetails, EXTENSION, type CertificateDetails } from './certificate-details.ts'
import type { Ceiling } from './context.ts'
import { hasIssued, type IssuerChain } from './issuer-chain.ts'
import type { IssuerRule } from './mapping.ts'
import { isWithin } from './name-constraints.ts'
import type { Principal } from './principal.ts'
import { keyDigestOf, revocationName as nameInList } from './revocation.ts'
import { isStrongKey, isStrongSignature } from './strength.ts'

/** One CA whose certificates are believed, whom they name, and what it last said about revocation. */
export interface TrustedIssuer {
  readonly certificate: X509Certificate
  /** Hex SHA-256 of its public key, as the live revocation list has it. */
  readonly keyDigest: string
  /** How it leads to a root. Outside of its time nothing of it is believed. */
  readonly chain: IssuerChain
  readonly rule: IssuerRule
  /**
   * End of the last CRL of this CA whose signature verified, or of a CA above it, in ms since the epoch; past it
   * nothing of it is believed. Infinity where it was told to do without.
   */
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
  /** Of our own CA and of others; a CA that is trusted in two ways is in here twice. */
  readonly issuers: readonly TrustedIssuer[]
}

/** The outcome of admission, and until when nothing but a new trust epoch can change it (ms since the epoch). */
export interface Admission {
  readonly outcome: Outcome
  readonly validUntil: number
  /** What the certificate is called in the live revocation list; absent unless it was identified. */
  readonly revocationName?: string
}

/** Extensions of a client that are read here, or that take nothing away where no policy is asked for (RFC 5280, 6.1.1). */
const KNOWN: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.basicConstraints,
  EXTENSION.certificatePolicies,
  EXTENSION.extendedKeyUsage,
  CEILING_OID,
])

/** Bits of keyUsage (RFC 5280, 4.2.1.3), and OIDs of purposes (4.2.1.12). */
const USAGE = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const
const PURPOSE = { clientAuth: '1.3.6.1.5.5.7.3.2', any: '2.5.29.37.0' } as const

/**
 * Judges the certificate of a peer: readable to the last octet, strong, no CA, for clients, valid now, of an issuer that
 * is trusted now and may certify its names, naming exactly one principal, not revoked.
 *
 * Pure. Fails closed: whatever is missing, doubled or unreadable is a refusal; only a peer without any certificate is
 * absent. Believes nothing that TLS has checked before: a connection outlives changes of trust, and a certificate that
 * a proxy forwards was never checked here.
 *
 * @param now ms since the epoch
 */
export function admitCertificate(presented: PresentedCertificate, trust: Trust, now: number): Admission {
  if (presented.kind === 'none') return { outcome: ABSENT, validUntil: Infinity }
  if (presented.kind === 'untrusted') return refusal('certificate_untrusted')
  const { certificate } = presented
  const details = certificateDetails(certificate.raw)
  if (details === undefined || !isBelievable(certificate, details)) return refusal('certificate_untrusted')
  if (!isForClients(details)) return refusal('certificate_wrong_usage')
  const notBefore = certificate.validFromDate.getTime()
  const notAfter = certificate.validToDate.getTime()
  if (!(now >= notBefore)) return refusal('certificate_not_yet_valid', notBefore)
  if (!(now < notAfter)) return refusal('certificate_expired')
  const issuers = trust.issuers.filter((issuer) => hasIssued(issuer.certificate, certificate))
  const judged = judge(certificate, details, issuers, now)
  const validUntil = Math.min(notAfter, ...issuers.flatMap(changesOf).filter((change) => change > now))
  if ('reason' in judged) return refusal(judged.reason, validUntil)
  const { principal, ceiling, issuer } = judged
  const identity = {
    principal,
    method: 'certificate' as const,
    authenticatedAt: now,
    credential: `sha256:${thumbprintOf(certificate)}`,
    certificateKey: keyDigestOf(certificate),
    certificate: { uri: uriIn(details, issuer.rule), issuer: onOneLine(certificate.issuer) },
    expiresAt: notAfter,
    ...(ceiling === undefined ? {} : { ceiling }),
  }
  const revocationName = nameInList({
    kind: 'certificate',
    issuer: issuer.keyDigest,
    serial: certificate.serialNumber,
  })
  return { outcome: { kind: 'identified', identity }, validUntil, revocationName }
}

/** Hex SHA-256 of the certificate (RFC 8705, section 3.1, there in base64url). */
export function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/**
 * A distinguished name as the policy has it, on one line: Node has one attribute on each, the first one first; RFC 4514
 * has them the other way round, in between commas.
 */
export function onOneLine(name: string): string {
  return name.split('\n').toReversed().join(',')
}

/** The one URI of a certificate. Fails closed: null for one that its issuer may not name anybody by. */
function uriIn({ names }: CertificateDetails, { mayName }: IssuerRule): string | null {
  const [uri, ...others] = names.filter(({ type }) => type === 'uri').map(({ value }) => value)
  return uri !== undefined && others.length === 0 && mayName(uri) ? uri : null
}

/** Strong, and nothing in it that must be understood and is not. */
function isBelievable(certificate: X509Certificate, { signature, extensions }: CertificateDetails): boolean {
  const key = publicKeyOf(certificate)
  if (key === undefined || !isStrongKey(key) || !isStrongSignature(signature)) return false
  return [...extensions.values()].every(({ critical, oid }) => !critical || KNOWN.has(oid))
}

/** OpenSSL reads certificates with keys that it does not know. */
function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey
  } catch {
    return undefined
  }
}

function isForClients({ basicConstraints, keyUsage }: CertificateDetails): boolean {
  if (basicConstraints?.ca === true || keyUsage === undefined) return false
  const signs = keyUsage.has(USAGE.keyCertSign) || keyUsage.has(USAGE.cRLSign)
  return keyUsage.has(USAGE.digitalSignature) && !signs
}

/** Whom a certificate names, by which of its issuers. */
interface Named {
  readonly principal: Principal
  readonly issuer: TrustedIssuer
}

interface Refused {
  readonly reason: RefusalReason
}

type Judged = (Named & { readonly ceiling: Ceiling | undefined }) | Refused

/** What all of its issuers together make of a certificate: none may say that it is revoked, none that it is another's. */
function judge(
  certificate: X509Certificate,
  details: CertificateDetails,
  issuers: readonly TrustedIssuer[],
  now: number,
): Judged {
  const verdicts = issuers.map((issuer) => named(details, issuer, now))
  const all = verdicts.filter((verdict) => 'principal' in verdict)
  const [first, ...others] = all
  if (first === undefined) return verdicts.find((verdict) => 'reason' in verdict) ?? UNTRUSTED
  if (others.some(({ principal }) => principal.id !== first.principal.id))
    return { reason: 'certificate_ambiguous' }
  const extension = details.extensions.get(CEILING_OID)
  const ceiling = extension && readCeiling(extension.value)
  if (extension !== undefined && ceiling === undefined) return { reason: 'certificate_ceiling_unreadable' }
  if (issuers.some(({ revoked }) => revoked.has(certificate.serialNumber)))
    return { reason: 'certificate_revoked' }
  if (!all.every(({ issuer }) => now < issuer.nextUpdate)) return { reason: 'crl_stale' }
  return { ...first, ceiling }
}

const UNTRUSTED: Refused = { reason: 'certificate_untrusted' }

/** Whom it names as far as one issuer is concerned. */
function named(details: CertificateDetails, issuer: TrustedIssuer, now: number): Named | Refused {
  const { chain, rule } = issuer
  if (!(now >= chain.notBefore && now < chain.notAfter)) return UNTRUSTED
  if (!chain.constraints.every((constraints) => isWithin(constraints, details))) return UNTRUSTED
  if (!isForPurpose(details, rule)) return { reason: 'certificate_wrong_usage' }
  const principal = rule.principalIn(details)
  return principal === undefined ? { reason: 'certificate_no_principal' } : { principal, issuer }
}

/** Ours are for clients and nothing else; others may be for more, but must say for what. */
function isForPurpose({ extendedKeyUsage = [] }: CertificateDetails, { mayServe }: IssuerRule): boolean {
  if (!extendedKeyUsage.includes(PURPOSE.clientAuth)) return false
  return mayServe ? !extendedKeyUsage.includes(PURPOSE.any) : extendedKeyUsage.length === 1
}

/** When time alone changes what an issuer's certificates are worth. */
function changesOf({ chain, nextUpdate }: TrustedIssuer): readonly number[] {
  return [chain.notBefore, chain.notAfter, nextUpdate]
}

function refusal(reason: RefusalReason, validUntil = Infinity): Admission {
  return { outcome: refused(reason), validUntil }
}
