import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api'
import type { GuardedCallSeen } from '../mcp/endpoint.ts'
import type { DoorName } from './door-metrics.ts'

/** Makes the spans of requests. Handed over explicitly, nothing is kept in the background of asynchronous calls. */
export interface Tracing {
  readonly tracer: Tracer
  /** Whether spans say who calls (`enduser.id`). */
  readonly withPrincipal: boolean
}

/** What the span of one request begins with. Times as `performance.now()` has them. */
export interface RequestSpanStart {
  readonly door: DoorName
  readonly requestId: string
  /** `service:billing` */
  readonly principal: string
  /** The method of the one message, or `batch`. */
  readonly method: string
  /** The trace that the caller says it belongs to. */
  readonly parent: SpanContext | undefined
  readonly startedAt: number
  readonly authenticatedAt: number
}

/** The span of one request. */
export interface RequestSpan {
  /** What is handed on with what the request brings about. */
  readonly context: SpanContext
  called(call: GuardedCallSeen): void
  /** By an HTTP status, or refused for a reason. */
  answered(by: number | string): void
  end(): void
}

/**
 * Begins the span of a request that was authenticated: its steps become spans below it once they are over. No argument
 * and no name of a tool is in any of them.
 */
export function requestSpan({ tracer, withPrincipal }: Tracing, start: RequestSpanStart): RequestSpan {
  const { door, requestId, principal, method, parent, startedAt, authenticatedAt } = start
  const above = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
  const attributes = {
    'rpc.system': 'jsonrpc',
    'rpc.method': method,
    'mcp.method.name': method,
    'sallyport.door': door,
    'sallyport.request_id': requestId,
    ...(withPrincipal ? { 'enduser.id': principal } : {}),
  }
  const span = tracer.startSpan(
    method,
    { kind: SpanKind.SERVER, startTime: timeOf(startedAt), attributes },
    above,
  )
  const below = trace.setSpan(ROOT_CONTEXT, span)
  const step = (name: string, from: number, to: number): Span => {
    const child = tracer.startSpan(name, { startTime: timeOf(from) }, below)
    child.end(timeOf(to))
    return child
  }
  step('authenticate', startedAt, authenticatedAt)
  return {
    context: span.spanContext(),
    called(call) {
      stepsOf(call, step)
      span.setAttributes({
        'sallyport.decision': call.decision,
        'sallyport.reason': call.reason ?? 'none',
      })
      if (call.outcome === 'exception') span.setStatus({ code: SpanStatusCode.ERROR })
    },
    answered(by) {
      if (typeof by === 'number') span.setAttribute('http.response.status_code', by)
      else span.setAttribute('sallyport.reason', by)
      if (typeof by === 'string' || by >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    },
    end: () => span.end(),
  }
}

function stepsOf(call: GuardedCallSeen, step: (name: string, from: number, to: number) => Span): void {
  const { startedAt, decidedAt, recordedAt, finishedAt } = call
  step('decide', startedAt, decidedAt)
  step('record', decidedAt, recordedAt)
  if (finishedAt !== null) step('run', recordedAt, finishedAt)
}

/** Ms since the epoch, at the resolution of the other clock. */
function timeOf(at: number): number {
  return performance.timeOrigin + at
}
