import { UNKNOWN, type Action, type Arguments, type DenyReason, type Policy } from '../access/decision.ts'
import type { ActionDecided, ActionFinished, AuditCaller, AuditSink, RecordedProofs } from '../audit/event.ts'
import type { Proofs } from '../auth/context.ts'
import type { Caller } from './caller.ts'
import { watchCall } from './guard-observer.ts'
import type { Needs } from './tool.ts'

/** What is asked for. Without `needs` it does not exist: the answer is the same, the record is not. */
export interface Asked {
  readonly kind: 'tool' | 'prompt' | 'resource'
  readonly action: Action
  /** Name of the tool or prompt, URI of the resource, as the caller wrote it. */
  readonly name: string
  /** The name under which the surface has it. */
  readonly entry: string
  readonly needs: Needs | undefined
}

/** What the work behind the guard came to. */
export interface Work<Value> {
  readonly outcome: Exclude<ActionFinished['outcome'], 'exception'>
  readonly value: Value
}

/** What a guarded call came to: not let through, done, or thrown. */
export type Guarded<Value> =
  | { readonly kind: 'denied' }
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed' }

/** The one place where the policy is asked: for lists and for calls. */
export interface Guard {
  /**
   * May this caller see it? Asks the same function as a call, without arguments.
   * Fails closed: what the policy cannot decide is not seen.
   */
  sees(caller: Caller, asked: Asked): boolean
  /**
   * Decides, records the decision, and only then works; afterwards records the outcome.
   *
   * Fails closed: rejects with `AUDIT_UNAVAILABLE` when the decision cannot be recorded, and then nothing ran. What
   * the work throws is recorded and reported, and comes back as `failed`.
   */
  call<Value>(
    caller: Caller,
    asked: Asked,
    args: Arguments,
    work: () => Promise<Work<Value>>,
  ): Promise<Guarded<Value>>
}

/** What {@link createGuard} takes. */
export interface GuardOptions {
  /** The policy in force at this moment. */
  readonly policy: () => Policy
  readonly audit: AuditSink
  /** Ms since the epoch. */
  readonly now: () => number
  /** Told of exceptions of tools and of the policy, with the request id, for the operator's log. */
  readonly onException: (requestId: string, error: unknown) => void
}

/** Makes the guard. */
export function createGuard(options: GuardOptions): Guard {
  const { policy, audit, now, onException } = options
  return {
    sees(caller, asked) {
      try {
        return decide(policy(), caller, asked, UNKNOWN, now()).decision === 'allow'
      } catch (error) {
        onException(caller.requestId, error)
        return false
      }
    },
    async call(caller, asked, args, work) {
      const watch = watchCall(caller.observe, asked)
      const startedAt = now()
      const verdict = decide(policy(), caller, asked, args, startedAt)
      watch.decided()
      await audit.record(decided(caller, asked, verdict))
      watch.recorded()
      const seen = { ...verdict, shadow: [] }
      if (verdict.decision === 'deny') {
        watch.over(seen, null)
        return { kind: 'denied' }
      }
      const end = await worked(work)
      watch.over(seen, outcomeOf(end))
      await recordEnd(options, caller, asked, end, now() - startedAt)
      return 'error' in end ? { kind: 'failed' } : { kind: 'done', value: end.value }
    },
  }
}

interface Verdict {
  readonly decision: 'allow' | 'deny'
  readonly reason: DenyReason | null
  readonly rule: string | null
  readonly policy: string
}

function decide(policy: Policy, caller: Caller, asked: Asked, args: Arguments, now: number): Verdict {
  const { action, kind, name, entry, needs } = asked
  if (needs === undefined)
    return { decision: 'deny', reason: 'unknown_name', rule: null, policy: policy.digest }
  const decision = policy.decide(
    caller.context,
    { action, kind, resource: name, entry, permission: needs },
    args,
    now,
  )
  return decision.kind === 'allow'
    ? { decision: 'allow', reason: null, rule: null, policy: policy.digest }
    : decision.kind === 'deny'
      ? { decision: 'deny', reason: decision.reason, rule: decision.rule, policy: policy.digest }
      : { decision: 'deny', reason: 'denied_by_rule', rule: null, policy: policy.digest }
}

type End<Value> = Work<Value> | { readonly error: unknown }

async function worked<Value>(work: () => Promise<Work<Value>>): Promise<End<Value>> {
  try {
    return await work()
  } catch (error) {
    return { error }
  }
}

function outcomeOf(end: End<unknown>): ActionFinished['outcome'] {
  return 'error' in end ? 'exception' : end.outcome
}

async function recordEnd(
  { audit, onException }: GuardOptions,
  caller: Caller,
  asked: Asked,
  end: End<unknown>,
  durationMs: number,
): Promise<void> {
  if ('error' in end) onException(caller.requestId, end.error)
  try {
    await audit.record(finished(caller, asked, end, durationMs))
  } catch (error) {
    // The work is done and the decision is on record: an error now would invite a second run.
    onException(caller.requestId, error)
  }
}

function decided(caller: Caller, asked: Asked, verdict: Verdict): ActionDecided {
  const { decision, reason, rule, policy } = verdict
  return {
    event: `${asked.kind}.decided`,
    ...auditCaller(caller),
    action: asked.action,
    resource: asked.name,
    decision,
    reason,
    rule,
    shadow: [],
    confirmedBy: [],
    policy,
    proofs: proofsOf(caller.context),
    arguments: null,
    trace: caller.trace ?? null,
  }
}

function proofsOf({ authenticatedAt, mfaAt, address, certificate, ceilings }: Proofs): RecordedProofs {
  return {
    authenticatedAt: new Date(authenticatedAt).toISOString(),
    mfaAt: mfaAt === undefined ? null : new Date(mfaAt).toISOString(),
    address: address ?? null,
    certificate: certificate ?? null,
    ceilings,
  }
}

function finished(caller: Caller, asked: Asked, end: End<unknown>, durationMs: number): ActionFinished {
  return {
    event: `${asked.kind}.finished`,
    ...auditCaller(caller),
    action: asked.action,
    resource: asked.name,
    trace: caller.trace ?? null,
    outcome: outcomeOf(end),
    exception: 'error' in end ? describe(end.error) : null,
    durationMs,
  }
}

function auditCaller({ context, requestId }: Caller): AuditCaller {
  return {
    requestId,
    principal: context.principal.id,
    methods: context.methods,
    credential: context.credential,
    ...(context.via === undefined ? {} : { via: context.via }),
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error
}
