import type { AuthContext } from '../auth/context.ts'
import type { ConditionStep, Truth } from './condition.ts'
import type { AccessRequest, Arguments, Decision, LimitUse, Policy } from './decision.ts'

/** A policy that can say why. */
export interface ExplainingPolicy extends Policy {
  /** The same decision, with everything that led to it. Not for the path of a request. */
  explain(context: AuthContext, request: AccessRequest, args: Arguments, now: number): Explanation
}

/** Everything that led to a decision, in the words of the file. Values of arguments are in it: for operators only. */
export interface Explanation {
  readonly decision: Decision
  /** Digest of the policy document. */
  readonly policy: string
  /** The sentence that a person reads first. */
  readonly because: string
  readonly roles: readonly string[]
  /** The permission that is needed, and whether it is there, after every ceiling. */
  readonly permission: { readonly needed: string; readonly held: boolean; readonly cutByCeiling: boolean }
  /** The grants of this caller, conditional ones included. */
  readonly grants: readonly GrantExplained[]
  /** Every rule that concerns the thing and the caller, deciding ones first. */
  readonly rules: readonly RuleExplained[]
  readonly limits: readonly LimitUse[]
  /** For a denial: the smallest changes that would have allowed it, nearest first. */
  readonly nearest: readonly Remedy[]
}

/** One grant, and whether it counts now. */
export interface GrantExplained {
  /** As in `grants[2]`. */
  readonly where: string
  /** As the file says it: `service: billing`, `group: sre`. */
  readonly subject: string
  readonly roles: readonly string[]
  readonly when: ConditionExplained | null
  readonly counts: boolean
}

/** One rule, and what it said. */
export interface RuleExplained {
  readonly name: string
  readonly effect: 'deny' | 'step-up' | 'approve' | 'hide'
  readonly mode: 'enforce' | 'shadow'
  readonly when: ConditionExplained | null
  readonly matches: boolean
  /** Whether the answer is what it is because of this rule. */
  readonly decides: boolean
}

/** A condition and what it came to. */
export interface ConditionExplained {
  readonly source: string
  readonly truth: Truth
  readonly steps: readonly ConditionStep[]
}

/** A change that would have allowed it. */
export interface Remedy {
  readonly kind: 'grant' | 'condition' | 'rule' | 'second_factor' | 'ceiling' | 'name'
  /** As in `grant "reader" to service:demo: it has notes:read`. */
  readonly sentence: string
}
