import type { AccessDocument } from '../access/document.ts'
import type { Explanation } from '../access/explanation.ts'
import { subjectText } from '../access/grant.ts'

/** What of a policy the decisions made have shown at work. */
export interface Coverage {
  /** Of all there is to show: rules that match, rules that do not, grants that count. From 0 to 100. */
  readonly percent: number
  readonly neverMatched: readonly string[]
  /** Rules that were only ever seen to match: nothing shows that they let anything through. */
  readonly alwaysMatched: readonly string[]
  /** As in `grants[2] (group: sre)`. */
  readonly neverCounted: readonly string[]
}

/**
 * Which rules and grants made a difference in some of these decisions, and which in none.
 *
 * A rule with a condition was seen not to match where it concerned the call and its condition did not hold; one without
 * where it did not concern the call.
 */
export function coverageOf(
  { rules, grants }: Pick<AccessDocument, 'rules' | 'grants'>,
  explanations: readonly Explanation[],
): Coverage {
  const matched = new Set<string>()
  const unmatched = new Set<string>()
  const counted = new Set<string>()
  for (const explanation of explanations) {
    const concerned = new Map(explanation.rules.map((rule) => [rule.name, rule.matches]))
    for (const { name, when } of rules) {
      const matches = concerned.get(name)
      if (matches === true) matched.add(name)
      else if (matches === false || when === null) unmatched.add(name)
    }
    for (const { where, counts } of explanation.grants) if (counts) counted.add(where)
  }
  const names = rules.map(({ name }) => name)
  const neverMatched = names.filter((name) => !matched.has(name))
  const alwaysMatched = names.filter((name) => matched.has(name) && !unmatched.has(name))
  const neverCounted = grants.flatMap(({ subject }, index) =>
    counted.has(`grants[${index}]`) ? [] : [`grants[${index}] (${subjectText(subject)})`],
  )
  const all = names.length * 2 + grants.length
  const shown = matched.size + unmatched.size + grants.length - neverCounted.length
  return {
    percent: all === 0 ? 100 : Math.floor((shown / all) * 100),
    neverMatched,
    alwaysMatched,
    neverCounted,
  }
}
