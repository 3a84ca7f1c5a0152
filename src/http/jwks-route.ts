import { isAcceptable } from './acceptable.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { sendText } from './respond.ts'

/** A verifier that does not know a key asks again; one that has been taken away is believed for so long. In s. */
const KEPT_FOR = 300

/**
 * `GET /.well-known/jwks.json`: what upstreams verify the tokens by that say who calls (RFC 7517, 5). Public keys, for
 * everybody who gets as far as here.
 */
export async function jwksRoute(edge: EdgeRequest, options: EdgeOptions): Promise<void> {
  if (!(await isAcceptable(edge, ['GET', 'HEAD'], options))) return
  const body = { type: 'application/jwk-set+json', text: JSON.stringify(options.jwks) }
  sendText(edge.response, 200, body, { 'cache-control': `public, max-age=${KEPT_FOR}` })
}
