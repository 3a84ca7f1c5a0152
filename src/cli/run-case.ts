import type { Action, Decision } from '../access/decision.ts'
import { isVisible } from '../access/decision.ts'
import type { AccessAtHand } from './access-at-hand.ts'
import { CALLS, requestOf, type Lookup } from './access-request.ts'
import { decidingRule, verdictOf } from './access-verdict.ts'
import type { Explained } from './explanation-text.ts'
import { contextOf, supposedCaller } from './supposed-caller.ts'
import type { Asking, TestCase } from './test-file.ts'
import { unknownName } from './unknown-name.ts'

/** What came of a case. */
export interface CaseResult {
  readonly case: TestCase
  /** What was not as expected: a sentence each; empty if all was. */
  readonly failures: readonly string[]
  /** Every decision that was made for it. */
  readonly explained: readonly Explained[]
}

/** Puts a case to the policy, as the server would. @param now ms since the epoch, for a case that says no time */
export function runCase(one: TestCase, access: AccessAtHand, now: number): CaseResult {
  const { asking } = one
  const results =
    asking.kind === 'list' ? listResults(one, asking, access, now) : [thingResult(one, asking, access, now)]
  return {
    case: one,
    failures: results.flatMap(({ failures }) => failures),
    explained: results.flatMap(({ explained }) => explained ?? []),
  }
}

interface Part {
  readonly failures: readonly string[]
  readonly explained?: Explained
}

type Thing = Exclude<Asking, { kind: 'list' }>

const LISTS = { tool: 'tools/list', prompt: 'prompts/list', resource: 'resources/list' } as const

function thingResult(one: TestCase, asking: Thing, access: AccessAtHand, now: number): Part {
  const isSeen = asking.expect === 'visible' || asking.expect === 'hidden'
  const action = (isSeen ? LISTS : CALLS)[asking.kind]
  const asked = ask(one, action, asking.name, asking.args, access, now)
  if ('sentence' in asked) {
    const isMeant = asking.reason === 'unknown_name' && asking.rule === undefined
    return { failures: isMeant ? [] : [asked.sentence] }
  }
  return { failures: differences(asking, asked.explanation.decision), explained: asked }
}

function listResults(
  one: TestCase,
  { of, sees, lacks }: Extract<Asking, { kind: 'list' }>,
  access: AccessAtHand,
  now: number,
): readonly Part[] {
  const look = (name: string, expected: boolean): Part => {
    const asked = ask(one, `${of}/list`, name, {}, access, now)
    if ('sentence' in asked) return { failures: [asked.sentence] }
    const { decision, because } = asked.explanation
    if (isVisible(decision) === expected) return { failures: [], explained: asked }
    return { failures: [`${name}: must ${expected ? '' : 'not '}be listed: ${because}`], explained: asked }
  }
  return [...sees.map((name) => look(name, true)), ...lacks.map((name) => look(name, false))]
}

function ask(
  one: TestCase,
  action: Action,
  name: string,
  args: Readonly<Record<string, unknown>>,
  access: AccessAtHand,
  now: number,
): Explained | { readonly sentence: string } {
  const { policy, authority, catalog, file } = access
  const at = one.at ?? now
  const lookup: Lookup = requestOf(catalog, action, name, args)
  if (lookup.kind === 'unknown') return { sentence: unknownName(lookup, name) }
  const caller = supposedCaller(one.principal, one.supposition, authority, at)
  const context = contextOf(caller.proofs, policy, at)
  const explanation = policy.explain(context, lookup.request, lookup.args, at)
  return { explanation, request: lookup.request, args: lookup.args, caller, at, file }
}

function differences({ expect, rule, reason }: Thing, decision: Decision): readonly string[] {
  const verdict =
    expect === 'visible' || expect === 'hidden'
      ? isVisible(decision)
        ? 'visible'
        : 'hidden'
      : verdictOf(decision)
  const decided = decidingRule(decision)
  const why = decision.kind === 'deny' ? decision.reason : null
  return [
    ...(verdict === expect ? [] : [`expected ${expect}, got ${verdict}`]),
    ...(rule === undefined || rule === decided
      ? []
      : [`expected the rule "${rule}" to decide, ${decided === null ? 'none did' : `"${decided}" did`}`]),
    ...(reason === undefined || reason === why
      ? []
      : [`expected the reason ${reason}, got ${why ?? 'none'}`]),
  ]
}
