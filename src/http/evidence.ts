import type { IncomingMessage } from 'node:http'
import type { Evidence, Outcome } from '../auth/authenticator.ts'

/**
 * What one request presents. Nothing here names a caller but the connection's admission and the two credentials;
 * headers that other systems use to name one (`X-Forwarded-*`, `Client-Cert`) are not read anywhere.
 *
 * @param certificate the admission of the connection
 * @param now ms since the epoch
 */
export function evidenceOf(request: IncomingMessage, certificate: Outcome, now: number): Evidence {
  return {
    certificate,
    // Of two Authorization headers Node shows the first; joined they are no credential, so both are refused.
    authorization: request.headersDistinct['authorization']?.join(', '),
    cookieHeader: request.headers.cookie,
    fetchSite: single(request.headers['sec-fetch-site']),
    address: request.socket.remoteAddress ?? '',
    now,
  }
}

/** Node joins repeated unknown headers with a comma, which no valid value here contains. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
