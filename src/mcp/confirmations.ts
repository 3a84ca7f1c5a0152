import type { Action, Need } from '../access/decision.ts'
import type { AuthContext } from '../auth/context.ts'

/** One call, whole: what a confirmation is bound to. */
export interface ConfirmableCall {
  readonly context: AuthContext
  readonly requestId: string
  readonly action: Action
  /** Name of the tool or prompt, URI of the resource. */
  readonly resource: string
  /** The frozen arguments that were decided on. */
  readonly args: Readonly<Record<string, unknown>>
}

/** What became of asking. */
export type Confirmed =
  /** All of them, each used up by this call; by whom, in the order of the needs. */
  | { readonly kind: 'confirmed'; readonly by: readonly string[] }
  | { readonly kind: 'pending'; readonly pending: PendingConfirmation }
  | { readonly kind: 'refused'; readonly rule: string }
  /** No browser could ever answer: this server has no door for people, or nobody may. */
  | { readonly kind: 'impossible'; readonly rule: string }
  | { readonly kind: 'too_many' }

/** What is waited for, and where it is answered. */
export interface PendingConfirmation {
  /** Names it, and opens nothing by itself. */
  readonly id: string
  readonly need: Need
  /** `https://…/confirm/<id>` on the door for people: no user data in it, and nobody is logged in by it. */
  readonly url: string
  /** Ms since the epoch. */
  readonly expiresAt: number
}

/**
 * Calls that wait for a second factor of their caller or for somebody's approval; a port that the door for people fills.
 *
 * A confirmation is bound to principal, credential, action, resource, arguments and rule, is of one kind, ends by
 * itself, and admits one call. Fails closed: rejects with `STORE_UNAVAILABLE`, and a record that was not sealed by us
 * counts as none.
 */
export interface Confirmations {
  /**
   * Uses up the confirmations of all needs if there are, and none of them otherwise; asks for the first that is missing,
   * once: the same call finds what it asked for before.
   */
  confirm(call: ConfirmableCall, needs: readonly [Need, ...Need[]]): Promise<Confirmed>
  /**
   * Resolves when it was answered or has ended (true), when `signal` aborts, or after `longest` ms (false): decide anew
   * then.
   */
  settled(pending: PendingConfirmation, longest: number, signal: AbortSignal): Promise<boolean>
  /** Its caller wants it no more. Nothing happens to one that was answered, or has ended. */
  withdraw(pending: PendingConfirmation, requestId: string): Promise<void>
}
