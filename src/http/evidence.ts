import type { IncomingMessage } from 'node:http'
import type { Evidence, Outcome } from '../auth/authenticator.ts'
import type { SessionUse } from '../auth/session-record.ts'

/**
 * What one request presents: whose certificate it is of, and the two credentials. Headers that other systems use to
 * name a caller (`X-Forwarded-*`, `Client-Cert`) are gone before this is asked.
 *
 * @param certificate whose certificate the request is of
 * @param now ms since the epoch
 * @param use whether it is a request that comes in, or an answer that is judged anew
 */
export function evidenceOf(
  request: IncomingMessage,
  certificate: Outcome,
  now: number,
  use: SessionUse = 'use',
): Evidence {
  return {
    certificate,
    // Of two Authorization headers Node shows the first; joined they are no credential, so both are refused.
    authorization: request.headersDistinct['authorization']?.join(', '),
    cookieHeader: request.headers.cookie,
    fetchSite: single(request.headers['sec-fetch-site']),
    address: request.socket.remoteAddress ?? '',
    now,
    use,
  }
}

/** Node joins repeated unknown headers with a comma, which no valid value here contains. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
