import type { Proofs } from '../auth/context.ts'
import type { Action, Arguments } from './decision.ts'
import type { SurfaceEntry } from './surface.ts'

/** What a condition can speak of. */
export interface Facts {
  /** What was proved, beside its principal: `auth` and `principal` of a condition. */
  readonly proofs: Proofs
  readonly roles: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  /** Absent in a grant, as everything below. */
  readonly asked?: {
    readonly action: Action
    /** Name of the tool or prompt, URI of the resource; undefined where it is not known, in a list of families. */
    readonly resource: string | undefined
    readonly entry: SurfaceEntry
    readonly args: Arguments
  }
  /** Ms since the epoch. */
  readonly now: number
  /** What all conditions that are asked with these facts may cost together; absent for no bound but that of each. */
  readonly budget?: { steps: number } | undefined
}

/**
 * What a condition comes to. `unknown` only where arguments or the resource are not known and could make it true or
 * false; `error` where a value is missing, of another type, or the budget is used up.
 */
export type Truth = 'true' | 'false' | 'error' | 'unknown'

/** One part of a condition, and what it came to, for people. */
export interface ConditionStep {
  /** As it stands in the file. */
  readonly source: string
  /** `true`, `false`, a value as JSON, `not known here`, or the error. Never longer than a line. */
  readonly value: string
}

/** A condition that was checked, for one thing of the catalog. */
export interface Condition {
  readonly source: string
  /** Whether it speaks of arguments or of the resource: whether unknown ones make a difference. */
  readonly needsArguments: boolean
  /** Whether it speaks of time or of how long ago something was proved. */
  readonly needsTime: boolean
  /** Whether it speaks of how, when or from where its caller proved who it is: of `auth`. */
  readonly needsProofs: boolean
  evaluate(facts: Facts): Truth
  /** Every part that `&&`, `||` and `!` join, and the variables in it, in the order of the file. */
  trace(facts: Facts): readonly ConditionStep[]
}

/** What is wrong with a condition: where, in UTF-16 units from its start, and a sentence. */
export interface ConditionFault {
  readonly offset: number
  readonly sentence: string
}

/** Where a condition stands, and so what it may speak of. */
export type ConditionScope =
  /** principal (without roles), auth, now. */
  | { readonly kind: 'grant' }
  /** All of it, but `args` and `resource` where the rule hides: lists do not know them. */
  | { readonly kind: 'rule'; readonly hasArguments: boolean; readonly entry: SurfaceEntry }

/** A condition, or what is wrong with it. */
export type CompiledCondition =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'faults'; readonly faults: readonly ConditionFault[] }
