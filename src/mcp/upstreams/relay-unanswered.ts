import type { Call } from '../tool.ts'
import type { Unanswered } from './answer-words.ts'
import type { UpstreamAnswer } from './connection.ts'
import type { RelayLink } from './relay-link.ts'

/** JSON-RPC 2.0, section 5.1: the upstream does not have the method, or the caller asked for nothing that there is. */
const NO_FAILURES: ReadonlySet<number> = new Set([-32_601, -32_602])

/**
 * Tells the operator why there is nothing of an upstream where its caller is told nothing: what of many upstreams has no
 * answer is left out.
 */
export function tellUnanswered(
  { options, told }: Pick<RelayLink, 'options' | 'told'>,
  { requestId }: Pick<Call, 'requestId'>,
  method: string,
  answer: Unanswered | Extract<UpstreamAnswer, { readonly kind: 'error' }>,
): void {
  const upstream = options.name
  if (answer.kind !== 'error') return told({ kind: 'unanswered', upstream, method, requestId, answer })
  if (NO_FAILURES.has(answer.code)) return
  const line = `${method} of request ${requestId}: error ${answer.code}: ${answer.message}`
  told({ kind: 'line', upstream, line })
}
