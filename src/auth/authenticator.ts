import type { X509Certificate } from 'node:crypto'
import type { AuthMethod, CertificateProof, Ceiling } from './context.ts'
import type { Principal } from './principal.ts'
import type { SessionUse } from './session-record.ts'

/** Why a caller was turned away before any tool was looked at. Inside rich; `http/refusal` makes it dull. */
export type RefusalReason =
  | 'no_credential'
  | 'credential_malformed'
  | 'credential_conflict'
  | 'certificate_untrusted'
  | 'certificate_expired'
  | 'certificate_not_yet_valid'
  | 'certificate_wrong_usage'
  | 'certificate_no_principal'
  | 'certificate_revoked'
  /** Two rules map it to different principals. */
  | 'certificate_ambiguous'
  /** What cuts its rights down cannot be read. */
  | 'certificate_ceiling_unreadable'
  | 'crl_stale'
  /** The live revocation list was last read too long ago. */
  | 'revocation_stale'
  | 'principal_disabled'
  /** Only the proxies of this listener may speak here, and this is none of them. */
  | 'proxy_not_named'
  | 'handshake_failed'
  | 'invalid_credentials'
  | 'session_invalid'
  | 'session_pending'
  /** It is bound to another address or another certificate. */
  | 'session_bound_elsewhere'
  /** A role of this person says `mfa: required`, and none was proved. */
  | 'second_factor_required'
  /** A code or passkey that is not right. */
  | 'second_factor_refused'
  /** Who it is is known; this is for administrators, with a second factor. */
  | 'not_permitted'
  | 'session_wrong_site'
  | 'cross_site'
  | 'host_not_allowed'
  | 'origin_not_allowed'
  | 'rate_limited'
  | 'certificate_request_refused'
  | 'enrolment_token_invalid'
  | 'renewal_refused'
  | 'issuer_unavailable'
  | 'request_malformed'
  | 'store_unavailable'
  | 'audit_unavailable'

/** What TLS proved about the peer. Untrusted is not none. */
export type PresentedCertificate =
  | { readonly kind: 'none' }
  | { readonly kind: 'untrusted'; readonly error: string }
  | { readonly kind: 'verified'; readonly certificate: X509Certificate }

/** What the transport saw of one request; no socket, no request. */
export interface Evidence {
  /** The outcome of admission for this connection's certificate; made once per connection and trust epoch. */
  readonly certificate: Outcome
  /** The `Authorization` header, if there was one. */
  readonly authorization: string | undefined
  /** The `Cookie` header, if there was one. */
  readonly cookieHeader: string | undefined
  /** The `Sec-Fetch-Site` header, if there was one. */
  readonly fetchSite: string | undefined
  readonly address: string
  /** Milliseconds since the epoch, from the server's one clock. */
  readonly now: number
  /** Whether this is a use of the credentials, or only a look at whether they are still good. */
  readonly use: SessionUse
}

/** What one credential proved. */
export interface Identified {
  readonly principal: Principal
  readonly method: AuthMethod
  readonly authenticatedAt: number
  readonly mfaAt?: number
  /** `sha256:` digest, never the credential. */
  readonly credential: string
  /** Lower-case hex SHA-256 of the public key, of a certificate. */
  readonly certificateKey?: string
  /** What the policy can ask of a certificate. */
  readonly certificate?: CertificateProof
  readonly expiresAt: number
  /** The most that this credential lets its holder do; absent where the policy alone says. */
  readonly ceiling?: Ceiling
  /** The principal of the proxy that says so (`service:edge`); absent where the caller came itself. */
  readonly via?: string
}

/** Absent is not refused: the first lets the next authenticator speak, the second ends the request. */
export type Outcome =
  | { readonly kind: 'absent' }
  | { readonly kind: 'identified'; readonly identity: Identified }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/** Turns evidence into an outcome for one method. Rejects only when it cannot judge (`STORE_UNAVAILABLE`). */
export type Authenticator = (evidence: Evidence) => Outcome | Promise<Outcome>

/** Nothing was presented. */
export const ABSENT: Outcome = Object.freeze({ kind: 'absent' })

/** What was presented is refused. */
export function refused(reason: RefusalReason): Outcome {
  return Object.freeze({ kind: 'refused', reason })
}
