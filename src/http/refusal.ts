import type { RefusalReason } from '../auth/authenticator.ts'

/** Every reason why the edge answers with an error of its own. */
export type EdgeRefusal =
  | RefusalReason
  | 'bad_request'
  | 'body_too_large'
  | 'internal_error'
  | 'method_not_allowed'
  | 'not_found'

/** What the caller is told: a status, a code and one dull sentence. */
export interface RefusalWords {
  readonly status: number
  readonly error: string
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Inside rich, outside dull: all that fails authentication is one answer. */
const UNAUTHENTICATED: RefusalWords = {
  status: 401,
  error: 'unauthenticated',
  message: 'This request was not authenticated.',
  headers: { 'www-authenticate': 'Bearer' },
}

const UNAVAILABLE: RefusalWords = {
  status: 503,
  error: 'unavailable',
  message: 'This request cannot be judged at the moment.',
  headers: { 'retry-after': '1' },
}

/** The words for a reason. Exhaustive: a new reason does not compile until somebody has decided its words. */
export function wordsOf(reason: EdgeRefusal): RefusalWords {
  switch (reason) {
    case 'no_credential':
    case 'credential_malformed':
    case 'credential_conflict':
    case 'certificate_untrusted':
    case 'certificate_expired':
    case 'certificate_not_yet_valid':
    case 'certificate_wrong_usage':
    case 'certificate_no_principal':
    case 'certificate_revoked':
    case 'certificate_ambiguous':
    case 'certificate_ceiling_unreadable':
    case 'principal_disabled':
    case 'proxy_not_named':
    case 'enrolment_token_invalid':
    case 'handshake_failed':
    case 'invalid_credentials':
    case 'session_invalid':
    case 'session_pending':
    case 'session_bound_elsewhere':
    case 'second_factor_required':
    case 'second_factor_refused':
    case 'not_permitted':
    case 'session_wrong_site':
      return UNAUTHENTICATED
    case 'crl_stale':
    case 'revocation_stale':
    case 'issuer_unavailable':
    case 'store_unavailable':
    case 'audit_unavailable':
      return UNAVAILABLE
    case 'cross_site':
    case 'origin_not_allowed':
      return { status: 403, error: 'origin_not_allowed', message: 'Requests of this origin are not allowed.' }
    case 'host_not_allowed':
      return {
        status: 403,
        error: 'host_not_allowed',
        message: 'This server does not answer to that host name.',
      }
    case 'rate_limited':
      return {
        status: 429,
        error: 'rate_limited',
        message: 'Too many requests.',
        headers: { 'retry-after': '1' },
      }
    case 'certificate_request_refused':
      return {
        status: 400,
        error: 'certificate_request_refused',
        message: 'The certificate request is not acceptable.',
      }
    case 'renewal_refused':
      return { status: 403, error: 'renewal_refused', message: 'This certificate is not renewed.' }
    case 'request_malformed':
    case 'bad_request':
      return { status: 400, error: 'bad_request', message: 'The request is not acceptable.' }
    case 'body_too_large':
      return { status: 413, error: 'body_too_large', message: 'The request body is too large.' }
    case 'method_not_allowed':
      return { status: 405, error: 'method_not_allowed', message: 'The method is not allowed here.' }
    case 'not_found':
      return { status: 404, error: 'not_found', message: 'There is nothing here.' }
    case 'internal_error':
      return { status: 500, error: 'internal_error', message: 'Something went wrong.' }
  }
}
