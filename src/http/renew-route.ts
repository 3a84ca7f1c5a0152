import { TLSSocket } from 'node:tls'
import type { Authenticated } from '../auth/authenticate.ts'
import { thumbprintOf } from '../auth/certificate.ts'
import type { AuthContext } from '../auth/context.ts'
import { isAcceptable } from './acceptable.ts'
import { certificateOf } from './certificate-of.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { disabledRefusal, handOut } from './hand-out.ts'
import { postedFields } from './posted-fields.ts'

/**
 * `POST /pki/renew`: a new certificate for whom the certificate of this very connection names, with the key of the
 * request in the body (`{ "csr": PEM }`).
 *
 * Fails closed: a session alone renews nothing, and neither does a certificate that somebody else vouches for; the
 * caller is judged when the request begins and again when its body is complete.
 */
export async function renewRoute(edge: EdgeRequest, options: EdgeOptions): Promise<void> {
  if (!(await isAcceptable(edge, ['POST'], options))) return
  const first = ownCertificate(edge, await edge.authenticate())
  if (first.kind === 'refused') return edge.refuse(first.reason)
  const posted = await postedFields(edge, ['csr'])
  if (posted.kind === 'answered') return
  const caller = ownCertificate(edge, await edge.authenticate())
  if (caller.kind === 'refused') return edge.refuse(caller.reason)
  return renew(edge, caller, posted.fields.csr, options)
}

async function renew(
  edge: EdgeRequest,
  { context, certificate }: Caller,
  request: string,
  options: EdgeOptions,
): Promise<void> {
  const { issuer, renewals } = options.pki
  const disabled = await disabledRefusal(context.principal, edge, options)
  if (disabled !== undefined) return edge.refuse(disabled)
  if (!renewals(context.principal.id, options.now())) return edge.refuse('rate_limited')
  if (issuer === undefined) return edge.refuse('issuer_unavailable')
  const answer = await issuer.renew(certificate, request)
  if (answer.kind === 'refused') return edge.refuse(answer.reason)
  return handOut(edge, answer.issued)
}

interface Caller {
  readonly kind: 'caller'
  readonly context: AuthContext
  /** PEM. */
  readonly certificate: string
}

/** Who is calling by the certificate of this connection: the one that the context speaks of, not one beside it. */
function ownCertificate(
  { request }: EdgeRequest,
  authenticated: Authenticated,
): Caller | Extract<Authenticated, { kind: 'refused' }> {
  if (authenticated.kind === 'refused') return authenticated
  const { context } = authenticated
  const presented = request.socket instanceof TLSSocket ? certificateOf(request.socket) : undefined
  if (
    presented?.kind !== 'verified' ||
    !context.methods.includes('certificate') ||
    context.credential !== `sha256:${thumbprintOf(presented.certificate)}`
  )
    return { kind: 'refused', reason: 'no_credential' }
  return { kind: 'caller', context, certificate: presented.certificate.toString() }
}
