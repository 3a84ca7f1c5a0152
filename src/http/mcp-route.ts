import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthContext } from '../auth/context.ts'
import type { McpExchange } from '../mcp/endpoint.ts'
import { readBody, textOf } from './body.ts'
import type { EdgeOptions, EdgeRequest } from './edge-request.ts'
import { originIsAllowed } from './host.ts'
import { refuse, sendResponse } from './respond.ts'

const METHODS: ReadonlySet<string> = new Set(['POST', 'GET', 'DELETE'])

/** A stream is judged anew at the latest after this long, in ms. */
const JUDGE_STREAMS_EVERY = 30_000

/**
 * `POST`, `GET` and `DELETE /mcp`: origin, authentication, body, endpoint, and the answer streamed back, judged anew
 * while it lasts.
 *
 * Fails closed: who is not authenticated costs no body; a credential that ends ends its streams.
 */
export async function mcpRoute(edge: EdgeRequest, options: EdgeOptions): Promise<void> {
  const { request, response, requestId } = edge
  if (isForeign(request, options)) return edge.refuse('cross_site')
  if (!originIsAllowed(request.headers.origin, request.headers.host, options.allowed))
    return edge.refuse('origin_not_allowed')
  const authenticated = await edge.authenticate()
  if (authenticated.kind === 'refused') return edge.refuse(authenticated.reason)
  if (!METHODS.has(request.method ?? '')) return refuse(response, 'method_not_allowed', requestId)
  const body = await readBody(request, options.bodyLimit)
  if (body.kind === 'too_large') return refuse(response, 'body_too_large', requestId)
  const watch = watchStream(edge, authenticated.context)
  try {
    const answer = await options.endpoint.handle(
      exchangeOf(edge, authenticated.context, textOf(body.bytes), watch),
    )
    if (answer.kind === 'refused') await edge.refuse(answer.reason)
    else await sendResponse(response, answer.response)
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
  { request, requestId }: EdgeRequest,
  context: AuthContext,
  body: string | undefined,
  { signal, closed }: StreamWatch,
): McpExchange {
  return {
    caller: { context, requestId },
    method: request.method ?? '',
    url: `https://${request.headers.host ?? 'localhost'}/mcp`,
    headers: headersOf(request),
    body,
    signal,
    closed,
  }
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

interface StreamWatch {
  /** Aborted when the connection is gone, or the caller no longer who it was, before the answer was complete. */
  readonly signal: AbortSignal
  readonly closed: Promise<void>
}

function watchStream(edge: EdgeRequest, context: AuthContext): StreamWatch {
  const { response } = edge
  const controller = new AbortController()
  const timer = setInterval(() => void judgeAgain(edge, context), JUDGE_STREAMS_EVERY)
  timer.unref()
  const closed = new Promise<void>((resolve) => {
    response.once('close', () => {
      clearInterval(timer)
      if (!response.writableFinished) controller.abort()
      resolve()
    })
  })
  return { signal: controller.signal, closed }
}

async function judgeAgain(edge: EdgeRequest, context: AuthContext): Promise<void> {
  const again = await edge.authenticate()
  const same = again.kind === 'context' && again.context.principal.id === context.principal.id
  if (!same) endStream(edge.response)
}

function endStream(response: ServerResponse): void {
  response.destroy()
}
