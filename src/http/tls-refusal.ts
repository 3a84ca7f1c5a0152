import type { TLSSocket } from 'node:tls'
import type { RefusalReason } from '../auth/authenticator.ts'

/** Why TLS itself turned a peer away, as the audit trail says it. */
export interface TlsRefusal {
  readonly reason: RefusalReason
  /** An OpenSSL or Node code; never text from the peer. */
  readonly detail: string
}

/**
 * Reads the reason off what Node says of a handshake that failed. The truth about a certificate is on the socket: the
 * error itself only says that the connection was reset.
 */
export function tlsRefusalOf(error: NodeJS.ErrnoException, socket: TLSSocket): TlsRefusal {
  const problem: unknown = socket.authorizationError
  const detail = codeOf(problem) ?? codeOf(error.code) ?? 'UNKNOWN'
  return { reason: reasonOf(detail, problem !== undefined && problem !== null), detail }
}

function reasonOf(detail: string, aboutCertificate: boolean): RefusalReason {
  switch (detail) {
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return 'no_credential'
    case 'CERT_HAS_EXPIRED':
      return 'certificate_expired'
    case 'CERT_NOT_YET_VALID':
      return 'certificate_not_yet_valid'
    case 'INVALID_PURPOSE':
      return 'certificate_wrong_usage'
    default:
      return aboutCertificate ? 'certificate_untrusted' : 'handshake_failed'
  }
}

/** Codes are upper case and short; whatever is not one is not repeated. */
function codeOf(value: unknown): string | undefined {
  const text = value instanceof Error && 'code' in value ? value.code : value
  return typeof text === 'string' && /^[A-Z0-9_]{1,80}$/.test(text) ? text : undefined
}
