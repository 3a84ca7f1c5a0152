import type { Implementation } from '@modelcontextprotocol/server'
import type { AuthContext } from '../auth/context.ts'
import type { SealingKeys } from '../auth/mac.ts'
import type { RefusalReason } from '../auth/authenticator.ts'
import { isSallyportError } from '../errors.ts'
import { callerCarrier, type Caller } from './caller.ts'
import type { CatalogSource } from './catalog-source.ts'
import type { WayForwardOf } from './elicit-confirmation.ts'
import { eraRouter } from './era-router.ts'
import type { Guard } from './guard.ts'
import { listAnswers } from './list-answers.ts'
import { messagesSeen, type MessagesSeen } from './messages-seen.ts'
import { requestMeter, type KeepUntil, type PrincipalLimits, type Started } from './limits.ts'
import { posted, type Posted } from './posted.ts'
import { sealedStates } from './sealed-state.ts'
import { declaredIn, type Declared } from '../wire/parameters.ts'
import type { InstructionsOf, Serving } from './serving.ts'
import type { ToolDefinition } from './tool.ts'
import { visibleIn } from './visible.ts'
import { webRequest } from './web-request.ts'

export type { GuardedCallSeen } from './guard-observer.ts'
export type { TraceContext } from './caller.ts'
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
  readonly onMessages?: (messages: MessagesSeen) => Pick<Caller, 'trace' | 'traceContext' | 'observe'>
  /** Aborted when the connection goes away or the caller's credential ends before the answer is complete. */
  readonly signal: AbortSignal
  /** Resolves when the answer is complete or given up, either way. */
  readonly closed: Promise<void>
}

/** The text of a body, `undefined` when it was not UTF-8; or why it is not taken: too many bytes, or a caller that is no longer who it was. */
export type McpBody =
  | { readonly kind: 'read'; readonly text: string | undefined }
  | { readonly kind: 'refused'; readonly reason: RefusalReason | 'body_too_large' }

/** What became of it: an answer; one that is JSON already, status 200; one to what is no message; or why nothing ran. */
export type McpAnswer =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'json'; readonly bytes: Buffer }
  | { readonly kind: 'malformed'; readonly response: Response }
  | { readonly kind: 'refused'; readonly reason: RefusalReason | 'body_too_large' }

/** The MCP route. The only road from `http` to a tool, and it leads through the guard. */
export interface McpEndpoint {
  handle(exchange: McpExchange): Promise<McpAnswer>
  /** Ends what is kept for callers who are meant beyond their requests. */
  end(concerns: (context: AuthContext) => boolean): void
  close(): Promise<void>
}

/** What {@link createEndpoint} takes. */
export interface EndpointOptions {
  /** What is served; `fixedCatalog` makes one that stays as it is. */
  readonly catalog: CatalogSource
  readonly guard: Guard
  readonly serverInfo: Implementation
  /** What clients are told of the server: one text, or what each caller may read. */
  readonly instructions?: string | InstructionsOf
  readonly limits: PrincipalLimits
  /** How a client is told that its call waits for somebody; absent where no call ever does. */
  readonly wayForward?: WayForwardOf
  /** Seal what a call in several rounds leaves with its client, newest first; the same on every node. */
  readonly stateKeys: SealingKeys
  /** Ms since the epoch. */
  readonly now: () => number
  /** Told of what went wrong, with the request id where there is one, for the operator's log. */
  readonly onException: (requestId: string | undefined, error: unknown) => void
  /** Told of messages that the protocol layer refused, which any caller can send as many of as it likes. */
  readonly onRejected: (error: unknown) => void
}

/** Makes the endpoint: what is within its caller's limits and well-formed goes to {@link eraRouter}. */
export function createEndpoint(options: EndpointOptions): McpEndpoint {
  const meter = requestMeter(options.limits)
  const carrier = callerCarrier()
  const inFlight = new WeakMap<Caller, readonly KeepUntil[]>()
  const unavailable = new WeakMap<Caller, 'store_unavailable' | 'audit_unavailable'>()
  const guard = counting(options.guard, inFlight)
  const mismatched = new WeakSet<Caller>()
  const onUnavailable = (caller: Caller, error: unknown): void => {
    options.onException(caller.requestId, error)
    unavailable.set(
      caller,
      isSallyportError(error, 'AUDIT_UNAVAILABLE') ? 'audit_unavailable' : 'store_unavailable',
    )
  }
  const serving = {
    ...options,
    visible: visibleIn(options.catalog, guard),
    guard,
    carrier,
    states: sealedStates(options.stateKeys, options.now),
    repeatedOf: repeatedArguments(),
    onHeaderMismatch: (caller: Caller) => void mismatched.add(caller),
    onUnavailable,
  }
  const listed = listAnswers(serving)
  let isOpen = true
  const { route, end, close } = eraRouter({
    serving,
    sessionsPerPrincipal: options.limits.legacySessions,
    now: options.now,
    onRejected: options.onRejected,
  })

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
    const { method, url, headers, signal } = exchange
    const bytes = isOpen ? listed({ method, headers, body }, caller) : undefined
    if (bytes !== undefined) return { kind: 'json', bytes }
    const response = await route(webRequest({ url, method, headers, signal }), caller, body)
    const reason = unavailable.get(caller)
    if (reason === undefined)
      return { kind: 'response', response: mismatched.has(caller) ? badRequest(response) : response }
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
    end,
    async close() {
      isOpen = false
      await close()
    },
  }
}

/** Searches each schema once. */
function repeatedArguments(): Serving['repeatedOf'] {
  const known = new WeakMap<ToolDefinition, readonly Declared[]>()
  return (tool) => {
    const declared = known.get(tool) ?? [...declaredIn(tool.inputSchema)]
    known.set(tool, declared)
    return declared
  }
}

/** The SDK answers what a handler says with 200; a header mismatch is 400 (MCP 2026-07-28, Streamable HTTP). */
function badRequest({ body, headers }: Response): Response {
  return new Response(body, { status: 400, headers })
}

/** Work may outlive its exchange: a tool that does not stop when its caller goes away still counts as in flight. */
function counting(guard: Guard, inFlight: WeakMap<Caller, readonly KeepUntil[]>): Guard {
  return {
    ...guard,
    async call(caller, asked, args, work, before) {
      const result = guard.call(caller, asked, args, work, before)
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
