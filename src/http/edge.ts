import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { authenticate, type Authenticated } from '../auth/authenticate.ts'
import type { Outcome, RefusalReason } from '../auth/authenticator.ts'
import type { SessionUse } from '../auth/session-record.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { enrollRoute } from './enroll-route.ts'
import { evidenceOf } from './evidence.ts'
import { hostIsAllowed, isLocalHost } from './host.ts'
import type { Asked } from './identification.ts'
import { jwksRoute } from './jwks-route.ts'
import { mcpRoute } from './mcp-route.ts'
import { pathOf } from './path.ts'
import { sendReadiness } from './readiness.ts'
import { removeIdentityHeaders } from './remove-identity-headers.ts'
import { renewRoute } from './renew-route.ts'
import { refuse, sendJson } from './respond.ts'
import { rootRoute } from './root-route.ts'

/** A year (RFC 6797). Not for localhost: it would bind every other port of the developer's machine. */
const HSTS = 'max-age=31536000'

type Route = (edge: EdgeRequest, options: EdgeOptions) => Promise<void> | void

/** The routes of a door. A path without an entry does not exist; the MCP route alone reaches tools. */
function routesOf({ clientCertificate }: EdgeOptions): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['/mcp', mcpRoute],
    ['/healthz', ({ response }) => sendJson(response, 200, { status: 'ok' })],
    ['/readyz', async ({ response }, options) => sendReadiness(response, await options.ready())],
    ['/pki/root', rootRoute],
    ['/.well-known/jwks.json', jwksRoute],
    ...(clientCertificate === 'none' ? [] : [['/pki/renew', renewRoute] as const]),
    ...(clientCertificate === 'required' ? [] : [['/pki/enroll', enrollRoute] as const]),
  ])
}

/**
 * Makes the listener's request handler: host, admission, route.
 *
 * Fails closed: a connection whose certificate is refused is answered once, whatever it asks for, and closed; what
 * goes wrong unexpectedly is answered with a constant text.
 */
export function createEdge(options: EdgeOptions): RequestListener {
  const behind = { ...options, routes: routesOf(options) }
  return (request, response) => {
    const requestId = randomUUID()
    response.setHeader('x-request-id', requestId)
    if (!isLocalHost(request.headers.host)) response.setHeader('strict-transport-security', HSTS)
    handle(request, response, requestId, behind).catch((error: unknown) => {
      options.onException(requestId, error)
      if (!response.destroyed) refuse(response, 'internal_error', requestId)
    })
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  options: EdgeOptions & { readonly routes: ReadonlyMap<string, Route> },
): Promise<void> {
  const { identification, routes } = options
  const asked = askedOf(request, options)
  const path = pathOf(request.url)
  const edge: EdgeRequest = {
    request,
    response,
    requestId,
    path,
    authenticate: async (use = 'use') => judged(asked, { request, requestId, use }, options),
    record: async (reason) => record(request, requestId, reason, options),
    async refuse(reason) {
      refuse(response, reason, requestId)
      await record(request, requestId, reason, options)
    },
  }
  const admitted = identification.admit(request.socket, options.now())
  if (admitted.kind === 'refused') return refuseConnection(edge, admitted)
  // Of two Host headers Node shows the first (RFC 9112, section 3.2, wants neither).
  if (request.headersDistinct['host']?.length !== 1) return refuse(response, 'bad_request', requestId)
  if (!hostIsAllowed(request.headers.host, options.allowed)) return edge.refuse('host_not_allowed')
  if (path === '') return refuse(response, 'bad_request', requestId)
  const route = routes.get(path)
  if (route !== undefined) return route(edge, options)
  if (options.pages !== undefined) return options.pages(request, response, requestId, keyOf(admitted))
  return refuse(response, 'not_found', requestId)
}

/** Takes the headers that claim an identity out of a request, before anything else reads it, and counts them. */
function askedOf(request: IncomingMessage, { identification, onHeaderRemoved }: EdgeOptions): Asked {
  const claims = removeIdentityHeaders(request)
  for (const { name, entry } of claims) if (name !== identification.header) onHeaderRemoved(entry)
  return { socket: request.socket, claims }
}

function keyOf(admitted: Outcome): string | undefined {
  return admitted.kind === 'identified' ? admitted.identity.certificateKey : undefined
}

/** Never rejects for a store that cannot answer: that is a refusal, too. */
async function judged(
  asked: Asked,
  { request, requestId, use }: { request: IncomingMessage; requestId: string; use: SessionUse },
  options: EdgeOptions,
): Promise<Authenticated> {
  const { identification, authenticators, rightsOf, onException } = options
  const now = options.now()
  try {
    const evidence = evidenceOf(request, identification.identify(asked, now), now, use)
    const authenticated = await authenticate(evidence, authenticators, rightsOf)
    if (authenticated.kind === 'refused' || authenticated.context.session === undefined) return authenticated
    // The store was asked meanwhile, and nobody judges anew who is not in yet.
    const certificate = identification.identify(asked, options.now())
    return certificate.kind === 'refused' ? certificate : authenticated
  } catch (error) {
    onException(requestId, error)
    return { kind: 'refused', reason: 'store_unavailable' }
  }
}

async function refuseConnection(
  edge: EdgeRequest,
  outcome: Extract<Outcome, { kind: 'refused' }>,
): Promise<void> {
  edge.response.shouldKeepAlive = false
  await edge.refuse(outcome.reason)
}

async function record(
  request: IncomingMessage,
  requestId: string,
  reason: RefusalReason,
  { audit, onException }: EdgeOptions,
): Promise<void> {
  const address = request.socket.remoteAddress ?? ''
  await audit
    .record({ event: 'request.refused', requestId, layer: 'http', reason, detail: null, address })
    .catch((error: unknown) => onException(requestId, error))
}
