import { TRACEPARENT_META_KEY, TRACESTATE_META_KEY } from '@modelcontextprotocol/server'
import { isMethod } from './methods.ts'
import { memberOf } from './record.ts'

/** What posted messages say of themselves before anybody has decided on them; for metrics and traces alone. */
export interface MessagesSeen {
  /** Of each message, in order: a method of the protocol, `other` for every other, `response` for what is none. */
  readonly methods: readonly string[]
  /** What the first message says of the trace that it belongs to (W3C Trace Context), as it came; not checked yet. */
  readonly traceparent: unknown
  readonly tracestate: unknown
}

/** Looks at a posted body: one message or a batch of them; none without a body. */
export function messagesSeen(body: unknown): MessagesSeen {
  const messages: readonly unknown[] = Array.isArray(body) ? body : body === undefined ? [] : [body]
  const meta = memberOf(memberOf(messages[0], 'params'), '_meta')
  return {
    methods: messages.map(methodOf),
    traceparent: memberOf(meta, TRACEPARENT_META_KEY),
    tracestate: memberOf(meta, TRACESTATE_META_KEY),
  }
}

function methodOf(message: unknown): string {
  const method = memberOf(message, 'method')
  if (method === undefined) return 'response'
  return typeof method === 'string' && isMethod(method) ? method : 'other'
}
