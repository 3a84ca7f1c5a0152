import type { Arguments } from '../access/decision.ts'
import type {
  ActionDecided,
  ActionFinished,
  AuditCaller,
  RecordedArguments,
  RecordedProofs,
} from '../audit/event.ts'
import type { Proofs } from '../auth/context.ts'
import type { Caller } from './caller.ts'
import type { Asked, Work } from './asked.ts'
import type { Verdict } from './verdict.ts'

/**
 * What of the arguments goes on record, by the name of the tool or prompt or the URI of the resource; null for nothing. It
 * may throw, and then nothing runs.
 */
export type ArgumentsRecorder = (
  kind: Asked['kind'],
  name: string,
  args: Arguments,
) => RecordedArguments | null

/** What was decided on. */
export interface DecidedCall {
  readonly caller: Caller
  readonly asked: Asked
  readonly args: Arguments
}

/** How it was decided. */
export interface DecidedHow {
  readonly verdict: Verdict
  readonly shadow: readonly string[]
  /** Digest of the policy. */
  readonly policy: string
}

/** What work came to, or what it threw. */
export type End<Value> = Work<Value> | { readonly error: unknown }

/** The record of a decision. */
export function decidedEvent(
  { caller, asked, args }: DecidedCall,
  { verdict, shadow, policy }: DecidedHow,
  recordArguments: ArgumentsRecorder | undefined,
): ActionDecided {
  const { kind, name } = asked
  return {
    event: `${kind}.decided`,
    ...auditCaller(caller),
    action: asked.action,
    resource: name,
    ...wordsOf(verdict),
    shadow,
    policy,
    proofs: proofsOf(caller.context),
    arguments: recordArguments?.(kind, name, args) ?? null,
    trace: caller.trace ?? null,
  }
}

function wordsOf(verdict: Verdict): Pick<ActionDecided, 'decision' | 'reason' | 'rule' | 'confirmedBy'> {
  switch (verdict.kind) {
    case 'allow':
      return { decision: 'allow', reason: null, rule: null, confirmedBy: verdict.confirmedBy }
    case 'deny':
      return { decision: 'deny', reason: verdict.reason, rule: verdict.rule, confirmedBy: [] }
    case 'ask': {
      const { kind, rule } = verdict.pending.need
      const reason = kind === 'approval' ? 'approval_required' : 'step_up_required'
      return { decision: 'ask', reason, rule, confirmedBy: [] }
    }
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

/** The record of how it ended. */
export function finishedEvent(
  { caller, asked }: Pick<DecidedCall, 'caller' | 'asked'>,
  end: End<unknown>,
  durationMs: number,
): ActionFinished {
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

/** How it ended, in the word of the audit trail. */
export function outcomeOf(end: End<unknown>): ActionFinished['outcome'] {
  return 'error' in end ? 'exception' : end.outcome
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
