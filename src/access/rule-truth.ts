import type { Facts, Truth } from './condition.ts'
import type { AccessRequest } from './decision.ts'
import { methodOf } from './method.ts'
import type { IndexedLimit, IndexedRule } from './rule-index.ts'
import type { Reach } from './things-test.ts'

/** Whether a rule of an entry is about the method and the very thing that is asked for. */
export function reachIn(indexed: IndexedRule, request: AccessRequest): Reach {
  const { methods } = indexed.rule
  if (methods !== null && !methods.includes(methodOf(request.action))) return 'none'
  return resourceReach(indexed, request)
}

/** As {@link reachIn}, where methods make no difference. Of a family that is asked for whole, some may be meant. */
export function resourceReach(
  { reach, things }: Pick<IndexedRule | IndexedLimit, 'reach' | 'things'>,
  { kind, resource, isFamily }: AccessRequest,
): Reach {
  if (reach === 'all' || isFamily === true) return reach
  return things.has(kind, resource) ? 'all' : 'none'
}

/**
 * Whether a rule matches: `unknown` where it may or may not, by what is not known yet. An error is left as one; it
 * counts as matched.
 */
export function ruleTruth(indexed: IndexedRule, request: AccessRequest, facts: () => Facts): Truth {
  const reach = reachIn(indexed, request)
  if (reach === 'none') return 'false'
  const truth = indexed.condition?.evaluate(facts()) ?? 'true'
  return reach === 'some' && truth !== 'false' ? 'unknown' : truth
}
