import { memberOf } from '../record.ts'
import type { Call } from '../tool.ts'
import type { RelayLink } from './relay-link.ts'
import { quietlyPassedOn } from './relay-scan.ts'
import { tellUnanswered } from './relay-unanswered.ts'

/** Whose argument is completed, by the upstream's own name. */
export type CompletionRef =
  | { readonly type: 'ref/prompt'; readonly name: string }
  | { readonly type: 'ref/resource'; readonly uri: string }

/** What is completed. */
export interface Completing {
  readonly argument: string
  readonly begun: string
  /** Arguments that have their value already. */
  readonly known: Readonly<Record<string, string>>
}

/** MCP, completion: never more than so many. */
const MOST_VALUES = 100
const LONGEST_VALUE = 1024
const NO_VALUES = { kind: 'garbage', why: 'there are no values in its answer' } as const

/** Values that an upstream proposes; none where it has none to propose, cannot, or is not there. */
export async function relayCompletion(
  link: RelayLink,
  call: Call,
  ref: CompletionRef,
  { argument, begun, known }: Completing,
): Promise<readonly string[]> {
  const context = Object.keys(known).length === 0 ? {} : { context: { arguments: known } }
  const method = 'completion/complete'
  const answer = await link.calls.request(call, {
    method,
    params: { ref, argument: { name: argument, value: begun }, ...context },
    clientCapabilities: {},
    repeatable: true,
  })
  const values = answer.kind === 'result' ? memberOf(answer.result['completion'], 'values') : undefined
  if (!Array.isArray(values)) {
    tellUnanswered(link, call, method, answer.kind === 'result' ? NO_VALUES : answer)
    return []
  }
  return values
    .slice(0, MOST_VALUES)
    .map((value: unknown) => quietlyPassedOn(link, { value })?.['value'])
    .filter(isValue)
}

function isValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_VALUE
}
