import { createTraceState, type SpanContext } from '@opentelemetry/api'
import type { TraceContext } from '../mcp/endpoint.ts'

/** Version, trace id, parent id, flags, and what later versions may add (W3C Trace Context, 3.2). */
const TRACEPARENT =
  /^(?<version>[0-9a-f]{2})-(?<trace>[0-9a-f]{32})-(?<parent>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<rest>-.*)?$/
const LONGEST_TRACEPARENT = 128
/** What the recommendation wants carried at least, in characters (3.3.1.5). */
const LONGEST_TRACESTATE = 512

const ZEROS = /^0+$/

/**
 * The trace that a caller says a request belongs to. What is malformed counts as absent: it is never a reason to refuse
 * anybody, and never passed on.
 *
 * @param traceparent as it came, of whatever type
 * @param tracestate as it came; without a good `traceparent` it means nothing
 */
export function traceContext(traceparent: unknown, tracestate: unknown): SpanContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > LONGEST_TRACEPARENT) return undefined
  const { version, trace, parent, flags, rest } = TRACEPARENT.exec(traceparent)?.groups ?? {}
  if (trace === undefined || parent === undefined || flags === undefined) return undefined
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (ZEROS.test(trace) || ZEROS.test(parent)) return undefined
  return {
    traceId: trace,
    spanId: parent,
    // Of the flags only "sampled" is known here.
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...stateOf(tracestate),
  }
}

/** The same as it is handed on, in the version that is known here. */
export function traceHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`
  const tracestate = traceState?.serialize() ?? ''
  return { traceparent, ...(tracestate === '' ? {} : { tracestate }) }
}

function stateOf(tracestate: unknown): Pick<SpanContext, 'traceState'> {
  if (typeof tracestate !== 'string' || tracestate.length > LONGEST_TRACESTATE) return {}
  return { traceState: createTraceState(tracestate) }
}
