import type { IncomingMessage } from 'node:http'
import type { SpanContext } from '@opentelemetry/api'
import type { Authenticated } from '../auth/authenticate.ts'
import type { GuardedCallSeen, McpAnswer, McpExchange, MessagesSeen } from '../mcp/endpoint.ts'
import type { DoorMetrics, DoorName } from './door-metrics.ts'
import type { RequestMetrics } from './request-metrics.ts'
import { requestSpan, type RequestSpan, type RequestSpanStart, type Tracing } from './request-spans.ts'
import { traceContext, traceHeaders } from './trace-context.ts'

/** What watches the MCP requests of one door, for metrics and traces. */
export interface RequestObserverOptions {
  readonly door: DoorName
  readonly metrics: Pick<DoorMetrics, 'requested' | 'streaming'> & RequestMetrics
  /** Without it there are no spans. */
  readonly tracing: Tracing | undefined
}

/** Watches one request from when its credentials are looked at. */
export type RequestObserver = (edge: ObservedRequest) => RequestObservation

interface ObservedRequest {
  readonly request: Pick<IncomingMessage, 'headers'>
  readonly requestId: string
}

/** One request that is watched. Nothing here throws or waits. */
export interface RequestObservation {
  /** Who calls is known, or is refused: then nothing follows. */
  authenticated(authenticated: Authenticated): void
  /** It is served until `closed` resolves, when its answer is complete or given up. */
  begun(closed: Promise<void>): void
  /** What was posted is known. */
  readonly onMessages: OnMessages
  /** The answer is to be sent. */
  answered(answer: McpAnswer): void
}

type OnMessages = NonNullable<McpExchange['onMessages']>

/**
 * Makes the observer of one door. Strangers get numbers and no spans: only who is authenticated may say which trace a
 * request belongs to, and fills the traces of others.
 */
export function requestObserver(options: RequestObserverOptions): RequestObserver {
  const { metrics } = options
  return (edge) => {
    const startedAt = performance.now()
    const endings: (() => void)[] = []
    const undecided: string[] = []
    let known: Known | undefined
    let span: RequestSpan | undefined
    const observe = (call: GuardedCallSeen): void => {
      const at = undecided.indexOf(call.action)
      if (at !== -1) undecided.splice(at, 1)
      metrics.called(call)
      span?.called(call)
    }
    const over = (): void => {
      for (const method of undecided) metrics.undecided(method)
      for (const end of endings) end()
      span?.end()
    }
    return {
      authenticated(authenticated) {
        const authenticatedAt = performance.now()
        metrics.authenticated(authenticated.kind, authenticatedAt - startedAt)
        if (authenticated.kind === 'context')
          known = { principal: authenticated.context.principal.id, startedAt, authenticatedAt }
      },
      begun(closed) {
        endings.push(metrics.requested())
        void closed.then(over)
      },
      onMessages(messages) {
        undecided.push(...messages.methods)
        const parent = parentOf(messages, edge.request)
        span = known && spanOf(options, edge, known, messages, parent)
        const own = span?.context ?? parent
        if (own === undefined) return { observe }
        return { observe, trace: own.traceId, traceContext: traceHeaders(own) }
      },
      answered(answer) {
        if (isStream(answer)) endings.push(metrics.streaming())
        span?.answered(endOf(answer))
      },
    }
  }
}

type Known = Pick<RequestSpanStart, 'principal' | 'startedAt' | 'authenticatedAt'>

/** None for what has no message: a stream that is asked for, a session that is ended. */
function spanOf(
  { door, tracing }: RequestObserverOptions,
  { requestId }: ObservedRequest,
  known: Known,
  { methods }: MessagesSeen,
  parent: SpanContext | undefined,
): RequestSpan | undefined {
  const [first] = methods
  if (tracing === undefined || first === undefined) return undefined
  return requestSpan(tracing, {
    ...known,
    door,
    requestId,
    parent,
    method: methods.length === 1 ? first : 'batch',
  })
}

function endOf(answer: McpAnswer): number | string {
  switch (answer.kind) {
    case 'refused':
      return answer.reason
    case 'json':
      return 200
    case 'response':
    case 'malformed':
      return answer.response.status
  }
}

function isStream(answer: McpAnswer): boolean {
  if (answer.kind === 'refused' || answer.kind === 'json') return false
  return answer.response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
}

/** What the message itself says counts before the header, which is of the connection between (SEP-414). */
function parentOf(
  { traceparent, tracestate }: MessagesSeen,
  { headers }: ObservedRequest['request'],
): SpanContext | undefined {
  return traceContext(traceparent, tracestate) ?? traceContext(headers['traceparent'], headers['tracestate'])
}
