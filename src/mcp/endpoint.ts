import { createMcpHandler, isLegacyRequest, type Implementation } from '@modelcontextprotocol/server'
import type { RefusalReason } from '../auth/authenticator.ts'
import { isSallyportError } from '../errors.ts'
import { callerCarrier, type Caller, type CarriedCaller } from './caller.ts'
import type { Catalog } from './catalog.ts'
import type { WayForwardOf } from './elicit-confirmation.ts'
import type { Guard } from './guard.ts'
import { isListen, listening } from './listen.ts'
import { messagesSeen, type MessagesSeen } from './messages-seen.ts'
import { legacySessions } from './legacy-sessions.ts'
import { requestMeter, type KeepUntil, type PrincipalLimits, type Started } from './limits.ts'
import { isInitialize, posted, type Posted } from './posted.ts'
import { protocolServer } from './protocol-server.ts'
import { rpcError } from './rpc-error.ts'
import { mayBeTold } from './serve-subscriptions.ts'
import { createSubscriptions } from './subscriptions.ts'
import { visibleIn } from './visible.ts'

export type { GuardedCallSeen } from './guard-observer.ts'
export type { MessagesSeen } from './messages-seen.ts'

/** One authenticated request to the MCP route, as the edge hands it over: its caller known, its body not yet read. */
export interface McpExchange {
  readonly caller: Caller
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** Reads the body; called once, and only for a caller that is within its limits. May reject when `signal` aborts. */
  readonly readBody: () => Promise<McpBody>
  /** Told what was posted, once that is read; its answer travels on with the caller. Never throws. */
  readonly onMessages?: (messages: MessagesSeen) => Pick<Caller, 'trace' | 'observe'>
  /** Aborted when the connection goes away or the caller's credential ends before the answer is complete. */
  readonly signal: AbortSignal
  /** Resolves when the answer is complete or given up, either way. */
  readonly closed: Promise<void>
}

/** The text of a body, `undefined` when it was not UTF-8; or why it is not taken: too many bytes, or a caller that is no longer who it was. */
export type McpBody =
  | { readonly kind: 'read'; readonly text: string | undefined }
  | { readonly kind: 'refused'; readonly reason: RefusalReason | 'body_too_large' }

/** What became of it: an answer; an answer to what is no message; or why nothing ran. */
export type McpAnswer =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'malformed'; readonly response: Response }
  | { readonly kind: 'refused'; readonly reason: RefusalReason | 'body_too_large' }

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
  /** How a client is told that its call waits for somebody; absent where no call ever does. */
  readonly wayForward?: WayForwardOf
  /** Ms since the epoch. */
  readonly now: () => number
  /** Told of what went wrong, with the request id where there is one, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
  /** Told of messages that the protocol layer refused, which any caller can send as many of as it likes. */
  readonly onRejected: (error: unknown) => void
}

const LEGACY_IDLE_TIMEOUT = 30 * 60_000
/** Nobody needs to be told of more, and each is asked about at every change. */
const MOST_WATCHED = 256

/** Makes the endpoint: modern requests go to the SDK's handler, those of 2025-era clients to their sessions. */
export function createEndpoint(options: EndpointOptions): McpEndpoint {
  const meter = requestMeter(options.limits)
  const carrier = callerCarrier()
  const inFlight = new WeakMap<Caller, readonly KeepUntil[]>()
  const unavailable = new WeakMap<Caller, 'store_unavailable' | 'audit_unavailable'>()
  const { catalog, onRejected } = options
  const guard = counting(options.guard, inFlight)
  const onUnavailable = (caller: Caller, error: unknown): void => {
    options.onException(caller.requestId, error)
    unavailable.set(
      caller,
      isSallyportError(error, 'AUDIT_UNAVAILABLE') ? 'audit_unavailable' : 'store_unavailable',
    )
  }
  const serving = { ...options, visible: visibleIn(catalog, guard), guard, carrier, onUnavailable }
  const subscriptions = createSubscriptions({
    perPrincipal: MOST_WATCHED,
    keyOf: (uri) => catalog.resource(uri)?.uri ?? uri,
    mayBeTold: (caller, uri) => mayBeTold(guard, catalog, caller, uri),
  })
  const unfollow = catalog.resources.map((family) =>
    family.follow?.((uri) => {
      if (catalog.resource(uri)?.definition === family) subscriptions.updated(uri)
    }),
  )
  const server = () => protocolServer(serving)
  const modern = createMcpHandler(server, { legacy: 'reject', onerror: onRejected })
  const listeners = listening({ catalog, guard, subscriptions, server, onRejected, onUnavailable })
  const legacy = legacySessions({
    server: (subscription) => protocolServer(serving, subscription),
    subscriptions,
    perPrincipal: options.limits.legacySessions,
    idleTimeout: LEGACY_IDLE_TIMEOUT,
    now: options.now,
  })

  const route = async (exchange: McpExchange, caller: CarriedCaller, body: unknown): Promise<Response> => {
    const { method, url, headers, signal } = exchange
    const request = new Request(url, { method, headers, signal })
    const authInfo = carrier.wrap(caller)
    const handed = { authInfo, ...(body === undefined ? {} : { parsedBody: body }) }
    const id = headers.get('mcp-session-id')
    if (method === 'POST' && !(await isLegacyRequest(request, body)))
      return isListen(body) ? listeners.serve(request, body, caller, authInfo) : modern.fetch(request, handed)
    if (id !== null)
      return (await legacy.find(id, caller)?.handleRequest(request, handed)) ?? sessionNotFound()
    if (!isInitialize(body)) return method === 'POST' ? sessionMissing() : modern.fetch(request, handed)
    return (await legacy.open(caller)).handleRequest(request, handed)
  }

  const answer = async (
    exchange: McpExchange,
    body: unknown,
    kept: readonly KeepUntil[],
  ): Promise<McpAnswer> => {
    const caller = {
      ...exchange.caller,
      ...exchange.onMessages?.(messagesSeen(body)),
      signal: exchange.signal,
    }
    inFlight.set(caller, kept)
    const response = await route(exchange, caller, body)
    const reason = unavailable.get(caller)
    if (reason === undefined) return { kind: 'response', response }
    await response.body?.cancel()
    return refusal(reason)
  }

  return {
    async handle(exchange) {
      const principal = exchange.caller.context.principal.id
      const start = (): Started => meter.start(principal, options.now(), exchange.closed)
      const started = start()
      if (started.kind === 'limited') return refusal('rate_limited')
      const bytes = await exchange.readBody()
      if (bytes.kind === 'refused') return refusal(bytes.reason)
      const body = bodyOf(exchange, bytes.text)
      if (body.kind === 'refused') return { kind: 'malformed', response: body.response }
      const kept = [started.keepUntil]
      while (kept.length < body.messages) {
        const more = start()
        if (more.kind === 'limited') return refusal('rate_limited')
        kept.push(more.keepUntil)
      }
      return answer(exchange, body.value, kept)
    },
    async close() {
      for (const stop of unfollow) stop?.()
      await Promise.all([modern.close(), listeners.close(), legacy.close()])
    },
  }
}

/** Work may outlive its exchange: a tool that does not stop when its caller goes away still counts as in flight. */
function counting(guard: Guard, inFlight: WeakMap<Caller, readonly KeepUntil[]>): Guard {
  return {
    ...guard,
    async call(caller, asked, args, work) {
      const result = guard.call(caller, asked, args, work)
      for (const keepUntil of inFlight.get(caller) ?? []) keepUntil(result)
      return result
    },
  }
}

/** Only a POST has a body that anybody looks at. */
function bodyOf({ method, headers }: McpExchange, text: string | undefined): Posted {
  return method === 'POST'
    ? posted(headers.get('content-type'), text)
    : { kind: 'parsed', value: undefined, messages: 0 }
}

function refusal(reason: Extract<McpAnswer, { kind: 'refused' }>['reason']): McpAnswer {
  return { kind: 'refused', reason }
}

/** MCP 2025-11-25, session management: an unknown session is 404, and so is another principal's. */
function sessionNotFound(): Response {
  return rpcError(404, -32001, 'Session not found')
}

function sessionMissing(): Response {
  return rpcError(400, -32000, 'Bad Request: Mcp-Session-Id header is required')
}
