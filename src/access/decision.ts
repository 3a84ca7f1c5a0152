import type { AuthContext, Proofs, Rights } from '../auth/context.ts'
import type { Permission } from './permission.ts'

/** A method of the protocol that the policy decides. */
export type Action =
  | 'tools/list'
  | 'tools/call'
  | 'prompts/list'
  | 'prompts/get'
  | 'resources/list'
  | 'resources/templates/list'
  | 'resources/read'
  | 'resources/subscribe'
  | 'completion/complete'

/** What is asked for: one thing of the catalog, and the permission that it needs. */
export interface AccessRequest {
  readonly action: Action
  readonly kind: 'tool' | 'prompt' | 'resource'
  /** Name of the tool or prompt; URI of the resource, or the URI template of a family of them. */
  readonly resource: string
  /** Whether `resource` is the template of a family, of which some may be allowed and others not. */
  readonly isFamily?: true
  /** The name under which the surface has it: as `resource`, but for a resource the URI template of its family. */
  readonly entry: string
  /** The permission it needs, or `authenticated` for what any authenticated caller may use. */
  readonly permission: Permission | 'authenticated'
}

/** Stands for arguments that are not known: in a list, and in a completion. */
export const UNKNOWN: unique symbol = Symbol('unknown arguments')

/** The arguments of a call, parsed and frozen; of a resource the variables of its template. */
export type Arguments = Readonly<Record<string, unknown>> | typeof UNKNOWN

/** Why a caller may not. */
export type DenyReason =
  | 'no_permission'
  | 'unknown_name'
  /** A role of this person asks for a second factor. */
  | 'second_factor_required'
  /** A deny rule matches. */
  | 'denied_by_rule'
  /** A rule asks for what this caller can never bring: a second factor of a service, an approval of what has no owner. */
  | 'need_cannot_be_met'
  | 'rate_limited'
  /** Somebody said no. */
  | 'confirmation_refused'
  /** Too many calls of this principal wait for an answer already. */
  | 'too_many_pending'
  /** What a repeated call brought back of the round before is not ours, of another call, or too old. */
  | 'request_state_invalid'

/** What a rule asks for before a call may go on. */
export type Need =
  | {
      readonly kind: 'second_factor'
      readonly rule: string
      /** Proved no longer ago than this, in ms. */
      readonly within: number
    }
  | {
      readonly kind: 'certificate'
      readonly rule: string
      /** Patterns, see `certificate-pattern.ts`; null for any. */
      readonly uri: string | null
      readonly issuer: string | null
    }
  | {
      readonly kind: 'approval'
      readonly rule: string
      /** Who may say yes: a person with this role, neither the requester nor, of a service or agent, its owner. */
      readonly by: { readonly role: string }
      /** `user:alice` of a service or agent; null for a person. */
      readonly owner: string | null
    }

/** A limit that a call counts against. */
export interface LimitUse {
  /** What the limit is called in explanations, as in `limits[0]`. */
  readonly limit: string
  /** The name of its counters: the same on every node and in every policy that has this very limit. */
  readonly counter: string
  readonly points: number
  readonly seconds: number
}

/** The answer of the policy. */
export type Decision = (
  | {
      readonly kind: 'allow'
      /** Counted before anything runs; over one of them the call is refused. */
      readonly limits: readonly LimitUse[]
    }
  | { readonly kind: 'deny'; readonly reason: DenyReason; readonly rule: string | null }
  /** Allowed once every need is met; the first one is asked for first. */
  | {
      readonly kind: 'needs'
      readonly needs: readonly [Need, ...Need[]]
      readonly limits: readonly LimitUse[]
    }
  /** Only for unknown arguments: some would be allowed, or allowed once a need is met, and others not. */
  | { readonly kind: 'depends' }
) & {
  /** Rules in shadow mode that would have changed the answer. */
  readonly shadow: readonly string[]
}

/** One loaded version of the access policy. Pure: no I/O, time is a parameter. All times in ms since the epoch. */
export interface Policy {
  /** `sha256:` and the hex digest of the document it was made from. */
  readonly digest: string
  /**
   * The roles of a caller by what it proved, and its compiled permissions as far as every ceiling lets them. A caller
   * without a grant has none. Fails closed: a grant whose condition is not true now, or cannot be evaluated, gives
   * nothing.
   */
  rightsOf(proofs: Proofs, now: number): Rights
  /**
   * May this context see or call this? One function for lists and calls.
   * Fails closed: whatever is not granted is denied; deny wins; a condition that cannot be evaluated counts as matched
   * in a rule, and as not matched in a grant.
   */
  decide(context: AuthContext, request: AccessRequest, args: Arguments, now: number): Decision
  /**
   * Stands for everything that decides what this context sees in a list: the same object means the same lists. Absent
   * where that changes with time, address or the like.
   */
  listKey(context: AuthContext, now: number): object | undefined
  /** Whether this principal may approve what needs `role`, now, by what it proved. */
  mayApprove(proofs: Proofs, role: string, now: number): boolean
}

/** Whether a decision on unknown arguments lets a caller see the thing. */
export function isVisible({ kind }: Decision): boolean {
  return kind !== 'deny'
}
