import type { Proofs } from '../auth/context.ts'
import type { Concerning } from './concerning.ts'
import type { Facts } from './condition.ts'
import type { AccessRequest, Decision, LimitUse, Need } from './decision.ts'
import { isCounted, isList } from './method.ts'
import type { Rule } from './rule.ts'
import type { IndexedRule } from './rule-index.ts'
import { resourceReach, ruleTruth } from './rule-truth.ts'

/** What is asked, of rules that concern it. */
export interface AskedOfRules {
  readonly concerning: Concerning
  readonly proofs: Proofs
  readonly owner: string | null
  readonly request: AccessRequest
  readonly now: number
  /** For rules that decide, or for those in shadow, which use up nothing that the others have. */
  readonly facts: (mode: Rule['mode']) => Facts
}

/** What one rule would do to an answer. */
type Effect =
  | 'nothing'
  | 'deny'
  /** It can never be met. */
  | 'impossible'
  | 'need'
  /** One of the others, or nothing, by what is not known yet. */
  | 'unknown'

const NONE: readonly never[] = Object.freeze([])
const ALLOW: Decision = Object.freeze({ kind: 'allow', limits: NONE, shadow: NONE })

/** What rules and limits make of a call that permissions allow. */
export function decideByRules(asked: AskedOfRules): Decision {
  const { concerning, proofs, owner } = asked
  const shadows: Shadow[] = []
  const needs: Need[] = []
  let isUnknown = false
  for (const rules of [concerning.denying, concerning.asking])
    for (const indexed of rules) {
      const effect = effectOf(indexed, asked)
      if (effect === 'nothing') continue
      const { rule } = indexed
      if (rule.mode === 'shadow') shadows.push({ indexed, effect })
      else if (effect === 'deny') return denied('denied_by_rule', rule.name)
      else if (effect === 'impossible') return denied('need_cannot_be_met', rule.name)
      else if (effect === 'unknown') isUnknown = true
      else needs.push(...needOf(indexed, proofs, owner))
    }
  return answer(isUnknown, needs, shadows, asked)
}

function effectOf(indexed: IndexedRule, asked: AskedOfRules): Effect {
  const { request, proofs, owner, now, facts } = asked
  const { rule, ask } = indexed
  if (rule.effect === 'hide' && !isList(request.action)) return 'nothing'
  if (ask?.isMet(proofs, now) === true) return 'nothing'
  const truth = ruleTruth(indexed, request, () => facts(rule.mode))
  if (truth === 'false') return 'nothing'
  if (truth === 'unknown') return 'unknown'
  if (ask === undefined) return 'deny'
  return ask.isPossible(proofs, owner) ? 'need' : 'impossible'
}

function needOf({ rule, ask }: IndexedRule, proofs: Proofs, owner: string | null): readonly Need[] {
  return ask === undefined ? [] : [ask.need(rule.name, proofs, owner)]
}

function denied(reason: 'denied_by_rule' | 'need_cannot_be_met', rule: string): Decision {
  return { kind: 'deny', reason, rule, shadow: NONE }
}

function answer(
  isUnknown: boolean,
  [first, ...others]: readonly Need[],
  shadows: readonly Shadow[],
  asked: AskedOfRules,
): Decision {
  if (isUnknown) return { kind: 'depends', shadow: namesOf(shadows, 'depends') }
  const limits = limitsOf(asked)
  if (first !== undefined)
    return { kind: 'needs', needs: [first, ...others], limits, shadow: namesOf(shadows, 'needs') }
  if (limits.length === 0 && shadows.length === 0) return ALLOW
  return { kind: 'allow', limits, shadow: namesOf(shadows, 'allow') }
}

/** A rule in shadow mode that would do something. */
interface Shadow {
  readonly indexed: IndexedRule
  readonly effect: Exclude<Effect, 'nothing'>
}

/** Those of which each alone would have made another kind of answer, or one more need; in the order of the file. */
function namesOf(shadows: readonly Shadow[], kind: 'allow' | 'needs' | 'depends'): readonly string[] {
  if (shadows.length === 0) return NONE
  const changing = shadows.filter(
    ({ effect }) => effect === 'deny' || effect === 'impossible' || kind !== 'depends',
  )
  return changing
    .toSorted((one, other) => one.indexed.order - other.indexed.order)
    .map(({ indexed }) => indexed.rule.name)
}

/** The limits that concern what is asked for; none for what is not counted. */
export function limitsOf({ concerning, request }: AskedOfRules): readonly LimitUse[] {
  if (concerning.limits.length === 0 || !isCounted(request.action)) return NONE
  return concerning.limits
    .filter((limit) => resourceReach(limit, request) !== 'none')
    .map((limit) => limit.compiled.use)
}
