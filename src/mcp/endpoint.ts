import {
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type Implementation,
} from '@modelcontextprotocol/server'
import { isSallyportError } from '../errors.ts'
import { callerCarrier, type Caller } from './caller.ts'
import type { Catalog } from './catalog.ts'
import type { Guard } from './guard.ts'
import { parseJson } from './json.ts'
import { legacySessions } from './legacy-sessions.ts'
import { requestMeter, type PrincipalLimits } from './limits.ts'
import { hasGoodParams } from './params.ts'
import { protocolServer } from './protocol-server.ts'
import { rpcError } from './rpc-error.ts'

/** One authenticated request to the MCP route, as the edge hands it over: its body read, its caller known. */
export interface McpExchange {
  readonly caller: Caller
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** The body, decoded; `undefined` when it was not UTF-8. */
  readonly body: string | undefined
  /** Aborted when the connection goes away or the caller's credential ends before the answer is complete. */
  readonly signal: AbortSignal
  /** Resolves when the answer is complete or given up, either way. */
  readonly closed: Promise<void>
}

/** What became of it: an answer, or why nothing ran: over a limit, or it could not be judged. */
export type McpAnswer =
  | { readonly kind: 'response'; readonly response: Response }
  | {
      readonly kind: 'refused'
      readonly reason: 'rate_limited' | 'store_unavailable' | 'audit_unavailable'
    }

/** The MCP route. The only road from `http` to a tool, and it leads through the guard. */
export interface McpEndpoint {
  handle(exchange: McpExchange): Promise<McpAnswer>
  close(): Promise<void>
}

/** What {@link createEndpoint} takes. */
export interface EndpointOptions {
  readonly catalog: Catalog
  readonly guard: Guard
  readonly serverInfo: Implementation
  readonly instructions?: string
  readonly limits: PrincipalLimits
  /** Ms since the epoch. */
  readonly now: () => number
  /** Told of what went wrong, with the request id where there is one, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
  /** Told of messages that the protocol layer refused, which any caller can send as many of as it likes. */
  readonly onRejected: (error: unknown) => void
}

/** Deeper JSON is refused. */
const DEEPEST = 64
/** Longer batches (2025-03-26 has them) are refused. */
const LONGEST_BATCH = 50
const LEGACY_IDLE_TIMEOUT = 30 * 60_000

/** Makes the endpoint: modern requests go to the SDK's handler, those of 2025-era clients to their sessions. */
export function createEndpoint(options: EndpointOptions): McpEndpoint {
  const carrier = callerCarrier()
  const unavailable = new WeakMap<Caller, 'store_unavailable' | 'audit_unavailable'>()
  const server = () =>
    protocolServer({
      ...options,
      carrier,
      onUnavailable(caller, error) {
        options.onException(caller.requestId, error)
        unavailable.set(
          caller,
          isSallyportError(error, 'AUDIT_UNAVAILABLE') ? 'audit_unavailable' : 'store_unavailable',
        )
      },
    })
  const meter = requestMeter(options.limits)
  const modern = createMcpHandler(server, {
    legacy: 'reject',
    onerror: options.onRejected,
  })
  const legacy = legacySessions({
    server,
    perPrincipal: options.limits.legacySessions,
    idleTimeout: LEGACY_IDLE_TIMEOUT,
    now: options.now,
  })

  const route = async (exchange: McpExchange): Promise<Response> => {
    const body = bodyOf(exchange)
    if (body.kind === 'refused') return body.response
    const request = requestOf(exchange)
    const authInfo = carrier.wrap(exchange.caller)
    const handed = { authInfo, ...(body.value === undefined ? {} : { parsedBody: body.value }) }
    const id = exchange.headers.get('mcp-session-id')
    if (exchange.method === 'POST' && !(await isLegacyRequest(request, body.value)))
      return modern.fetch(request, handed)
    if (id !== null)
      return (await legacy.find(id, exchange.caller)?.handleRequest(request, handed)) ?? sessionNotFound()
    if (!isInitialize(body.value))
      return exchange.method === 'POST' ? sessionMissing() : modern.fetch(request, handed)
    return (await legacy.open(exchange.caller)).handleRequest(request, handed)
  }

  return {
    async handle(exchange) {
      const started = meter.start(exchange.caller.context.principal.id, options.now())
      if (started.kind === 'limited') return { kind: 'refused', reason: 'rate_limited' }
      void exchange.closed.then(started.end)
      const response = await route(exchange)
      const reason = unavailable.get(exchange.caller)
      if (reason === undefined) return { kind: 'response', response }
      await response.body?.cancel()
      return { kind: 'refused', reason }
    },
    async close() {
      await Promise.all([modern.close(), legacy.close()])
    },
  }
}

type Body =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly response: Response }

/** The body, parsed once for everybody downstream; other methods than POST have none. */
function bodyOf({ method, headers, body }: McpExchange): Body {
  if (method !== 'POST') return { kind: 'parsed', value: undefined }
  if (!isJsonContentType(headers.get('content-type')))
    return {
      kind: 'refused',
      response: rpcError(415, -32000, 'Unsupported Media Type: Content-Type must be application/json'),
    }
  const parsed = body === undefined ? undefined : parseJson(body, DEEPEST)
  if (parsed?.kind !== 'value') return { kind: 'refused', response: rpcError(400, -32700, 'Parse error') }
  if (Array.isArray(parsed.value) && parsed.value.length > LONGEST_BATCH)
    return {
      kind: 'refused',
      response: rpcError(400, -32600, `Invalid Request: a batch has at most ${LONGEST_BATCH} messages`),
    }
  if (!messagesIn(parsed.value).every(hasGoodParams))
    return { kind: 'refused', response: rpcError(400, -32602, 'Invalid params', idOf(parsed.value)) }
  return { kind: 'parsed', value: parsed.value }
}

function messagesIn(body: unknown): readonly unknown[] {
  return Array.isArray(body) ? body : [body]
}

function idOf(body: unknown): string | number | null {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

function requestOf({ method, url, headers, body, signal }: McpExchange): Request {
  return new Request(url, {
    method,
    headers,
    signal,
    ...(method === 'POST' && body !== undefined ? { body } : {}),
  })
}

function isInitialize(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'method' in body && body.method === 'initialize'
}

/** MCP 2025-11-25, session management: an unknown session is 404, and so is another principal's. */
function sessionNotFound(): Response {
  return rpcError(404, -32001, 'Session not found')
}

function sessionMissing(): Response {
  return rpcError(400, -32000, 'Bad Request: Mcp-Session-Id header is required')
}
