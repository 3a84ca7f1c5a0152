import type { AuthContext, Rights } from '../auth/context.ts'
import { because } from './because.ts'
import { explainCondition } from './explain-condition.ts'
import { limitsOf, type AskedOfRules } from './decide-by-rules.ts'
import type { AccessRequest, Arguments, Decision } from './decision.ts'
import type { AccessDocument } from './document.ts'
import type { Explanation, GrantExplained, RuleExplained } from './explanation.ts'
import { subjectText } from './grant.ts'
import type { Grants } from './grants.ts'
import { isList } from './method.ts'
import { allows } from './permission.ts'
import { remedies } from './remedies.ts'
import type { IndexedRule } from './rule-index.ts'
import { reachIn, ruleTruth } from './rule-truth.ts'
import type { Found, Question } from './told.ts'

/** The parts of a policy that an explanation looks into. */
export interface Deciding {
  readonly digest: string
  readonly document: AccessDocument
  readonly grants: Grants
  decide(context: AuthContext, request: AccessRequest, args: Arguments, now: number): Decision
  askedOfRules(
    context: AuthContext,
    rights: Rights,
    request: AccessRequest,
    args: Arguments,
    now: number,
  ): AskedOfRules
}

/** Explains what a policy answers: the decision is its own, and everything beside it is looked up again. */
export function explain(deciding: Deciding, question: Question): Explanation {
  const { digest, document, grants, decide, askedOfRules } = deciding
  const { context, request, args, now } = question
  const decision = decide(context, request, args, now)
  const rights = grants.rightsOf(context, now)
  const asked = askedOfRules(context, rights, request, args, now)
  const facts: Found = {
    decision,
    policy: digest,
    roles: rights.roles,
    permission: explainPermission(deciding, question, rights),
    grants: explainGrants(grants, question),
    rules: explainRules(asked, decision),
    limits: limitsOf(asked),
  }
  const told = { ...question, document, rights, facts }
  return { ...facts, because: because(told), nearest: remedies(told) }
}

function explainPermission(
  { grants }: Deciding,
  { context, request: { permission: needed }, now }: Question,
  { permissions }: Rights,
): Explanation['permission'] {
  if (needed === 'authenticated') return { needed, held: true, cutByCeiling: false }
  const given = grants.rightsOf({ ...context, ceilings: [] }, now).permissions
  return {
    needed,
    held: allows(permissions, needed) && allows(context.permissions, needed),
    cutByCeiling: allows(given, needed) && !allows(permissions, needed),
  }
}

function explainGrants(grants: Grants, { context, now }: Question): readonly GrantExplained[] {
  return grants.of(context).map((one) => ({
    where: `grants[${one.order}]`,
    subject: subjectText(one.grant.subject),
    roles: one.grant.roles,
    when: explainCondition(one.condition, grants.facts(context, now)),
    counts: grants.counts(one, context, now),
  }))
}

/** Those that decide first, then in the order of the file. */
function explainRules(asked: AskedOfRules, decision: Decision): readonly RuleExplained[] {
  const { concerning, request } = asked
  return [...concerning.denying, ...concerning.asking]
    .filter((indexed) => reachIn(indexed, request) !== 'none')
    .filter(({ rule }) => rule.effect !== 'hide' || isList(request.action))
    .toSorted((one, other) => one.order - other.order)
    .map((indexed) => explainRule(indexed, asked, decision))
    .toSorted((one, other) => Number(other.decides) - Number(one.decides))
}

function explainRule(indexed: IndexedRule, asked: AskedOfRules, decision: Decision): RuleExplained {
  const { rule, condition } = indexed
  const truth = ruleTruth(indexed, asked.request, () => asked.facts('enforce'))
  return {
    name: rule.name,
    effect: rule.effect,
    mode: rule.mode,
    when: explainCondition(condition, asked.facts('enforce')),
    matches: truth === 'true' || truth === 'error',
    decides: rule.mode === 'enforce' && decides(rule.name, truth === 'unknown', decision),
  }
}

function decides(rule: string, isUnknown: boolean, decision: Decision): boolean {
  switch (decision.kind) {
    case 'allow':
      return false
    case 'deny':
      return decision.rule === rule
    case 'needs':
      return decision.needs.some((need) => need.rule === rule)
    case 'depends':
      return isUnknown
  }
}
