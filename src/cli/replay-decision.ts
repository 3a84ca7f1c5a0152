import {
  UNKNOWN,
  type AccessRequest,
  type Arguments,
  type Decision,
  type Policy,
} from '../access/decision.ts'
import type { Proofs } from '../auth/context.ts'
import type { Catalog } from '../mcp/catalog.ts'
import { isBlind, requestOf } from './access-request.ts'
import { isWholeName, knownArguments, type RecordedDecision } from './recorded-decision.ts'
import { contextOf } from './supposed-caller.ts'

/** A decision of the past put to a policy of today, or why that cannot be done. */
export type Replayed =
  | { readonly kind: 'decided'; readonly decision: Decision; readonly question: Question }
  /** There is no such thing here now, so it would be denied. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'impossible'; readonly why: string }

/** What is put to the policy. */
export interface Question {
  readonly proofs: Proofs
  readonly request: AccessRequest
  readonly args: Arguments
}

/**
 * Decides again what was decided then: the same caller by the same proofs, at the same time. Arguments that are not on
 * record are unknown; if the answer hangs on them, there is none.
 */
export function replayDecision(recorded: RecordedDecision, policy: Policy, catalog: Catalog): Replayed {
  const { proofs, action, name, at } = recorded
  if (recorded.reason === 'request_state_invalid')
    return { kind: 'impossible', why: 'the state that the call brought back was refused' }
  if (proofs === null) return { kind: 'impossible', why: 'what the caller proved is not on record' }
  if (!isWholeName(name))
    return { kind: 'impossible', why: 'names of more than 256 characters are cut in the record' }
  const lookup = requestOf(catalog, action, name, {})
  if (lookup.kind === 'unknown') return { kind: 'unknown' }
  const { request } = lookup
  // Those of a resource are in its URI.
  const args =
    request.kind === 'resource' || lookup.args === UNKNOWN ? lookup.args : knownArguments(recorded.arguments)
  const decision = policy.decide(contextOf(proofs, policy, at), request, args, at)
  if (decision.kind !== 'depends' || isBlind(action))
    return { kind: 'decided', decision, question: { proofs, request, args } }
  return { kind: 'impossible', why: `arguments of ${name} are recorded as ${recordedAs(recorded)}` }
}

function recordedAs({ arguments: recorded }: RecordedDecision): string {
  if (recorded === null) return 'nothing'
  if ('values' in recorded) return 'digest, at least in part'
  return 'names' in recorded ? 'digest and names' : 'digest'
}
