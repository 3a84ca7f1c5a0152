import type { AuthContext, Ceiling, Rights } from '../auth/context.ts'
import type { Principal } from '../auth/principal.ts'
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

/** What is asked for: one thing of the catalog, and the permission that it needs. */
export interface AccessRequest {
  readonly action: Action
  /** Name of the tool or prompt, URI or URI template of the resource. */
  readonly resource: string
  /** The permission it needs, or `authenticated` for what any authenticated caller may use. */
  readonly permission: Permission | 'authenticated'
}

/** Why a caller may not. */
export type DenyReason = 'no_permission' | 'unknown_name'

/** The answer of the policy. */
export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly reason: DenyReason; readonly rule: string | null }

/** One loaded version of the access policy. Pure: no I/O, time is a parameter. */
export interface Policy {
  /** `sha256:` and the hex digest of the document it was made from. */
  readonly digest: string
  /**
   * The roles of a principal, and its compiled permissions as far as every ceiling lets them. A principal without a
   * grant has none.
   */
  rightsOf(principal: Principal, ceilings?: readonly Ceiling[]): Rights
  /**
   * May this context see or call this? One function for lists and calls.
   * Fails closed: whatever is not granted is denied.
   *
   * @param args the parsed arguments of a call; `undefined` in a list, where they are not known
   * @param now ms since the epoch
   */
  decide(context: AuthContext, request: AccessRequest, args: unknown, now: number): Decision
}
