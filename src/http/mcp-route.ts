import type { IncomingMessage } from 'node:http'
import type { AuthContext } from '../auth/context.ts'
import type { McpAnswer, McpBody, McpExchange } from '../mcp/endpoint.ts'
import { readBody, textOf } from './body.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { originIsAllowed } from './host.ts'
import { refuse, sendResponse, sendText } from './respond.ts'
import { watchStream, type StreamWatch } from './stream-watch.ts'

const METHODS: ReadonlySet<string> = new Set(['POST', 'GET', 'DELETE'])

/**
 * `POST`, `GET` and `DELETE /mcp`: origin, authentication, body, endpoint, and the answer streamed back, judged anew
 * while it lasts.
 *
 * Fails closed: who is not authenticated, or over a limit, costs no body; a credential that ends ends its streams.
 */
export async function mcpRoute(edge: EdgeRequest, options: EdgeOptions): Promise<void> {
  const { request, response, requestId } = edge
  if (isForeign(request, options)) return edge.refuse('cross_site')
  if (!originIsAllowed(request.headers.origin, request.headers.host, options.allowed))
    return edge.refuse('origin_not_allowed')
  const seen = options.observer(edge)
  const authenticated = await edge.authenticate()
  seen.authenticated(authenticated)
  if (authenticated.kind === 'refused') return edge.refuse(authenticated.reason)
  if (!METHODS.has(request.method ?? '')) {
    response.setHeader('allow', [...METHODS].join(', '))
    return refuse(response, 'method_not_allowed', requestId)
  }
  const { context } = authenticated
  const { now, open, sameRights } = options
  const { authenticate } = edge
  const watch = watchStream({ response, context, authenticate, sameRights, now, open })
  seen.begun(watch.closed)
  try {
    const { onMessages } = seen
    const answer = await options.endpoint.handle({ ...exchangeOf(edge, context, watch, options), onMessages })
    seen.answered(answer)
    await send(edge, answer)
  } catch (error) {
    if (!watch.signal.aborted) throw error
  }
}

/** A page of another site sent this, and no configured origin vouches for it (Fetch Metadata). */
function isForeign({ headers }: IncomingMessage, { allowed }: EdgeOptions): boolean {
  const site = headers['sec-fetch-site']
  const vouched = headers.origin !== undefined && allowed.origins.has(headers.origin)
  return (site === 'cross-site' || site === 'same-site') && !vouched
}

function exchangeOf(
  edge: EdgeRequest,
  context: AuthContext,
  { signal, closed }: StreamWatch,
  options: EdgeOptions,
): McpExchange {
  const { request, requestId } = edge
  return {
    caller: { context, requestId },
    method: request.method ?? '',
    url: `https://${request.headers.host ?? 'localhost'}/mcp`,
    headers: headersOf(request),
    readBody: async () => textIn(edge, context, options),
    signal,
    closed,
  }
}

/** A body that was on its way for longer than this, in ms, is not believed to be of who began it. */
const PROMPT_BODY = 1_000

/** The text of the body, if its caller is still who it was when the body is complete. */
async function textIn(
  edge: EdgeRequest,
  context: AuthContext,
  { bodyLimit, now }: EdgeOptions,
): Promise<McpBody> {
  const begun = now()
  const body = await readBody(edge.request, bodyLimit)
  if (body.kind === 'too_large') return { kind: 'refused', reason: 'body_too_large' }
  if (now() - begun > PROMPT_BODY) {
    const again = await edge.authenticate('look')
    if (again.kind === 'refused') return { kind: 'refused', reason: again.reason }
    if (again.context.principal.id !== context.principal.id)
      return { kind: 'refused', reason: 'credential_conflict' }
  }
  return { kind: 'read', text: textOf(body.bytes) }
}

/** Credentials stop here: what goes on to the protocol layer has none. */
const STAYS_HERE: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

function headersOf({ headers }: IncomingMessage): Headers {
  const passed = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || STAYS_HERE.has(name)) continue
    passed.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return passed
}

async function send(
  { response, requestId, refuse: refuseOnRecord, record }: EdgeRequest,
  answer: McpAnswer,
): Promise<void> {
  if (answer.kind === 'malformed') await record('request_malformed')
  if (answer.kind === 'json') return sendText(response, 200, { type: 'application/json', text: answer.bytes })
  if (answer.kind !== 'refused') return sendResponse(response, answer.response)
  if (answer.reason === 'body_too_large') {
    refuse(response, answer.reason, requestId)
    return record('request_malformed')
  }
  return refuseOnRecord(answer.reason)
}
