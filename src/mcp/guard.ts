import { UNKNOWN, type Arguments, type Decision, type Policy } from '../access/decision.ts'
import type { ActionDecided, AuditSink } from '../audit/event.ts'
import type { Asked, Work } from './asked.ts'
import type { Caller } from './caller.ts'
import type { PendingConfirmation } from './confirmations.ts'
import {
  decidedEvent,
  finishedEvent,
  outcomeOf,
  type ArgumentsRecorder,
  type DecidedCall,
  type End,
} from './guard-events.ts'
import { watchCall, type CallWatch } from './guard-observer.ts'
import { verdictOn, type Confirmation, type RoundBefore, type Verdict, type VerdictPorts } from './verdict.ts'

/** Why a call that may be known to its caller did not go on; of everything else it learns nothing. */
export type Held =
  | {
      readonly kind: 'limited'
      /** Ms. */
      readonly retryAfter: number
    }
  | { readonly kind: 'asked'; readonly pending: PendingConfirmation }
  /** Somebody was asked, and said no. */
  | { readonly kind: 'refused' }
  /** What it brought back of the round before is not ours, of another call, or too old. */
  | { readonly kind: 'state_invalid' }
  | { readonly kind: 'too_many_pending' }

/** What a guarded call came to: not let through, done, or thrown. */
export type Guarded<Value> =
  | { readonly kind: 'denied' }
  | Held
  | {
      readonly kind: 'done'
      readonly value: Value
      /** Where it needed a confirmation: what the next round of the same call goes on with. */
      readonly confirmed?: Confirmation
    }
  | { readonly kind: 'failed' }

/** The one place where the policy is asked: for lists and for calls. */
export interface Guard {
  /**
   * What does the policy say, with nothing counted, asked or recorded? The same function as for a call.
   * Fails closed: a policy that fails denies.
   *
   * @param args unknown unless given
   */
  foresee(caller: Caller, asked: Asked, args?: Arguments): Decision['kind']
  /** The same object means that `foresee` says the same of everything, without arguments; `undefined` means nothing. */
  listKey(caller: Caller): object | undefined
  /**
   * Decides, records the decision, and only then works; afterwards records the outcome.
   *
   * Fails closed: rejects with `AUDIT_UNAVAILABLE` when the decision cannot be recorded, or `STORE_UNAVAILABLE` when it
   * can be neither counted nor asked for, and then nothing ran. What the work throws is recorded and reported, and
   * comes back as `failed`.
   *
   * @param before of a call in several rounds: a confirmation covers all of them, everything else is decided anew
   */
  call<Value>(
    caller: Caller,
    asked: Asked,
    args: Arguments,
    work: () => Promise<Work<Value>>,
    before?: RoundBefore,
  ): Promise<Guarded<Value>>
}

/** What {@link createGuard} takes. */
export interface GuardOptions extends VerdictPorts {
  /** The policy in force at this moment. */
  readonly policy: () => Policy
  readonly audit: AuditSink
  /** Ms since the epoch. */
  readonly now: () => number
  /** What of the arguments goes on record; nothing unless given. */
  readonly recordArguments?: ArgumentsRecorder
  /** Told of exceptions of tools and of the policy, with the request id, for the operator's log. */
  readonly onException: (requestId: string, error: unknown) => void
}

/** Makes the guard. */
export function createGuard(options: GuardOptions): Guard {
  const { policy, now, onException } = options
  return {
    foresee(caller, asked, args = UNKNOWN) {
      try {
        return decide(policy(), caller, asked, args, now()).kind
      } catch (error) {
        onException(caller.requestId, error)
        return 'deny'
      }
    },
    listKey(caller) {
      try {
        return policy().listKey(caller.context, now())
      } catch (error) {
        onException(caller.requestId, error)
        return undefined
      }
    },
    async call(caller, asked, args, work, before) {
      const watch = watchCall(caller.observe, asked)
      const decided = await decideOnRecord(options, { caller, asked, args, before }, watch)
      const { verdict } = decided
      if (verdict.kind !== 'allow') {
        watch.over(decided.event, null)
        return heldBack(verdict)
      }
      const end = await worked(work)
      watch.over(decided.event, outcomeOf(end))
      await recordEnd(options, decided, end)
      if ('error' in end) return { kind: 'failed' }
      const { confirmed } = verdict
      return { kind: 'done', value: end.value, ...(confirmed === undefined ? {} : { confirmed }) }
    },
  }
}

function decide(policy: Policy, caller: Caller, asked: Asked, args: Arguments, now: number): Decision {
  const { action, kind, name: resource, entry, isFamily, needs: permission } = asked
  if (permission === undefined) return UNKNOWN_NAME
  const request = { action, kind, resource, entry, permission, ...(isFamily === true ? { isFamily } : {}) }
  return policy.decide(caller.context, request, args, now)
}

const UNKNOWN_NAME: Decision = { kind: 'deny', reason: 'unknown_name', rule: null, shadow: [] }

/** A decision that is on record. */
interface Decided extends DecidedCall {
  readonly verdict: Verdict
  readonly event: ActionDecided
  /** Ms since the epoch. */
  readonly startedAt: number
}

async function decideOnRecord(
  options: GuardOptions,
  call: DecidedCall & { readonly before: RoundBefore },
  watch: CallWatch,
): Promise<Decided> {
  const { caller, asked, args, before } = call
  const startedAt = options.now()
  const policy = options.policy()
  const decision = decide(policy, caller, asked, args, startedAt)
  watch.decided()
  const { action, name: resource } = asked
  const { context, requestId } = caller
  const verdict = await verdictOn(options, { context, requestId, action, resource, args, before }, decision)
  const how = { verdict, shadow: decision.shadow, policy: policy.digest }
  const event = decidedEvent(call, how, options.recordArguments)
  await options.audit.record(event)
  watch.recorded()
  return { ...call, verdict, event, startedAt }
}

/** Who was asked, or counted, knows that the thing is there: what it is told besides tells it nothing new. */
function heldBack(verdict: Exclude<Verdict, { kind: 'allow' }>): Held | { readonly kind: 'denied' } {
  if (verdict.kind === 'ask') return { kind: 'asked', pending: verdict.pending }
  switch (verdict.reason) {
    case 'rate_limited':
      return { kind: 'limited', retryAfter: verdict.retryAfter ?? 0 }
    case 'confirmation_refused':
      return { kind: 'refused' }
    case 'too_many_pending':
      return { kind: 'too_many_pending' }
    case 'request_state_invalid':
      return { kind: 'state_invalid' }
    case 'no_permission':
    case 'unknown_name':
    case 'second_factor_required':
    case 'denied_by_rule':
    case 'need_cannot_be_met':
      return { kind: 'denied' }
  }
}

async function worked<Value>(work: () => Promise<Work<Value>>): Promise<End<Value>> {
  try {
    return await work()
  } catch (error) {
    return { error }
  }
}

async function recordEnd(options: GuardOptions, decided: Decided, end: End<unknown>): Promise<void> {
  const { requestId } = decided.caller
  if ('error' in end) options.onException(requestId, end.error)
  try {
    await options.audit.record(finishedEvent(decided, end, options.now() - decided.startedAt))
  } catch (error) {
    // The work is done and the decision is on record: an error now would invite a second run.
    options.onException(requestId, error)
  }
}
