import { isAcceptable } from './acceptable.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { sendText } from './respond.ts'

/**
 * `GET /pki/root`: the certificate of our root, PEM. It is no secret, and whoever reads it here must compare it with
 * what is known of it from elsewhere.
 */
export async function rootRoute(edge: EdgeRequest, options: EdgeOptions): Promise<void> {
  if (!(await isAcceptable(edge, ['GET', 'HEAD'], options))) return
  const { root } = options.pki
  if (root === undefined) return edge.refuse('issuer_unavailable')
  sendText(edge.response, 200, { type: 'application/x-pem-file', text: root })
}
