import { parsePrincipal } from '../auth/principal.ts'
import { isAcceptable } from './acceptable.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import type { IssuedByIssuer } from './issuer.ts'
import { disabledRefusal, handOut } from './hand-out.ts'
import { postedFields } from './posted-fields.ts'
import { networkOf } from './rate-limit.ts'

/**
 * `POST /pki/enroll`: the certificate that a one-time token was made for, with the key of the request
 * (`{ "token": …, "csr": PEM }`). The token is the only credential.
 *
 * Fails closed: strangers are counted before the issuer is asked, and every token that is not good gets the same
 * answer.
 */
export async function enrollRoute(edge: EdgeRequest, options: EdgeOptions): Promise<void> {
  if (!(await isAcceptable(edge, ['POST'], options))) return
  const { issuer, root, enrolments } = options.pki
  const network = networkOf(edge.request.socket.remoteAddress ?? '')
  if (!enrolments(network, options.now())) return edge.refuse('rate_limited')
  const posted = await postedFields(edge, ['token', 'csr'])
  if (posted.kind === 'answered') return
  if (issuer === undefined || root === undefined) return edge.refuse('issuer_unavailable')
  const answer = await issuer.enroll(posted.fields.token, posted.fields.csr)
  if (answer.kind === 'refused') return edge.refuse(answer.reason)
  return handToEnabled(edge, answer.issued, root, options)
}

/** Whoever was disabled after the token was made gets nothing, and the token is spent. */
async function handToEnabled(
  edge: EdgeRequest,
  issued: IssuedByIssuer,
  root: string,
  options: EdgeOptions,
): Promise<void> {
  const principal = parsePrincipal(issued.principal)
  if (principal === undefined) return edge.refuse('issuer_unavailable')
  const disabled = await disabledRefusal(principal, edge, options)
  if (disabled !== undefined) return edge.refuse(disabled)
  return handOut(edge, issued, { root })
}
