import { certificatePatternOf } from './grant.ts'
import type { Need } from './decision.ts'
import { parseDuration } from './duration.ts'
import type { Method, RuleEntry } from './rule-schema.ts'
import { thingsOf, type Things } from './things.ts'

/** What a rule asks for; a need is this of one rule and caller. */
export type Ask = Need extends infer One ? (One extends Need ? Omit<One, 'rule' | 'owner'> : never) : never

interface CommonRule extends Things {
  readonly name: string
  readonly mode: 'enforce' | 'shadow'
  /** Patterns, any of which is enough; null for everybody. */
  readonly principals: readonly string[] | null
  /** Null for all. */
  readonly methods: readonly Method[] | null
  /** The condition, unread; null for always. */
  readonly when: string | null
}

/** A condition on top of permissions. */
export type Rule =
  | (CommonRule & { readonly effect: 'deny' | 'hide' })
  | (CommonRule & {
      readonly effect: 'step-up' | 'approve'
      /** Higher is asked for first. */
      readonly priority: number
      readonly asks: Ask
    })

/** A rule of the file, which was checked. */
export function ruleOf(entry: RuleEntry): Rule {
  const common = {
    name: entry.name,
    mode: entry.mode ?? 'enforce',
    ...thingsOf(entry),
    principals: entry.principals === undefined ? null : Object.freeze([...entry.principals]),
    methods: entry.methods === undefined ? null : Object.freeze([...entry.methods]),
    when: entry.when ?? null,
  }
  switch (entry.effect) {
    case 'deny':
    case 'hide':
      return Object.freeze({ ...common, effect: entry.effect })
    case 'step-up':
    case 'approve':
      return Object.freeze({
        ...common,
        effect: entry.effect,
        priority: entry.priority ?? 0,
        asks: Object.freeze(asksOf(entry)),
      })
  }
}

/** Fails closed: a time that cannot be read is no time at all, so that the second factor has to be proved now. */
function asksOf(entry: RuleEntry & { readonly effect: 'step-up' | 'approve' }): Ask {
  if (entry.effect === 'approve') return { kind: 'approval', by: { role: entry.by.role } }
  if (entry.certificate !== undefined)
    return { kind: 'certificate', ...certificatePatternOf(entry.certificate) }
  return { kind: 'second_factor', within: parseDuration(entry.within ?? '') ?? 0 }
}
