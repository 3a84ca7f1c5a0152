import { UNKNOWN, type Arguments, type Decision, type DenyReason, type LimitUse } from '../access/decision.ts'
import { canonicalJson } from '../audit/canonical-json.ts'
import type { ConfirmableCall, Confirmations, PendingConfirmation } from './confirmations.ts'
import type { Counted, Limiter } from './limiter.ts'
import { ROUND_LIFE, type ConfirmedRound } from './sealed-state.ts'

/** What becomes of a call, after everything that a decision asks for. */
export type Verdict =
  | {
      readonly kind: 'allow'
      readonly confirmedBy: readonly string[]
      /** Where it needed that: for the next round of the same call. */
      readonly confirmed?: Confirmation
    }
  | {
      readonly kind: 'deny'
      readonly reason: DenyReason
      readonly rule: string | null
      /** Ms; only where it is a matter of time. */
      readonly retryAfter?: number
    }
  | { readonly kind: 'ask'; readonly pending: PendingConfirmation }

/** What counts and who asks; absent where a server has neither store nor door for people. */
export interface VerdictPorts {
  readonly limiter?: Limiter
  readonly confirmations?: Confirmations
  /** Told of points that could not be given back, for the operator's log. */
  readonly onException: (requestId: string, error: unknown) => void
}

/** A confirmation that was used up by one round of a call, and covers the others. */
export type Confirmation = Omit<ConfirmedRound, 'id'>

/** What a call brings back of the round before: that it was confirmed; a state that is not ours; nothing. */
export type RoundBefore = ConfirmedRound | 'invalid' | undefined

/** The call that is judged. */
export interface Judged extends Omit<ConfirmableCall, 'args'> {
  readonly args: Arguments
  readonly before?: RoundBefore
}

/**
 * Brings a decision to its end. The order: limits are counted first, so that no confirmation is used up by a call that is
 * then over a limit; a call that only asks gives back what it counted; a confirmation is used up before the decision is
 * on record, so that what cannot be recorded has cost a confirmation and never has one that is good twice.
 *
 * Fails closed: rejects with `STORE_UNAVAILABLE` when it can neither count nor ask; without a limiter what is limited is
 * over its limit; without confirmations a need cannot be met.
 */
export async function verdictOn(ports: VerdictPorts, call: Judged, decision: Decision): Promise<Verdict> {
  if (decision.kind !== 'deny' && call.before === 'invalid') return denied('request_state_invalid', null)
  switch (decision.kind) {
    case 'deny':
      return denied(decision.reason, decision.rule)
    case 'depends':
      // Some of it may be seen: whoever asks with unknown arguments decides on each part again.
      return call.args === UNKNOWN ? allowed([]) : denied('denied_by_rule', null)
    case 'allow': {
      const counted = await count(ports, call, decision.limits)
      return counted.kind === 'over' ? over(counted) : allowed([])
    }
    case 'needs': {
      if (ports.confirmations === undefined || !canBeAsked(call)) return unmet(decision.needs[0].rule)
      const counted = await count(ports, call, decision.limits)
      if (counted.kind === 'over') return over(counted)
      const verdict =
        (await confirmedBefore(ports, call, decision.needs)) ??
        (await asked(ports.confirmations, call, decision.needs))
      if (verdict.kind !== 'allow')
        await counted.giveBack().catch((error: unknown) => ports.onException(call.requestId, error))
      return verdict
    }
  }
}

/** The calls that a client can be told to make again (MCP 2026-07-28, multi round-trip requests). */
const CAN_BE_ASKED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

type Needed = Extract<Decision, { kind: 'needs' }>['needs']

function canBeAsked(call: Judged): call is ConfirmableCall & Judged {
  return call.args !== UNKNOWN && CAN_BE_ASKED.has(call.action)
}

async function asked(confirmations: Confirmations, call: ConfirmableCall, needs: Needed): Promise<Verdict> {
  const confirmed = await confirmations.confirm(call, needs)
  switch (confirmed.kind) {
    case 'confirmed':
      return { ...allowed(confirmed.by), confirmed: confirmationOf(call, needs, confirmed.by) }
    case 'pending':
      return { kind: 'ask', pending: confirmed.pending }
    case 'refused':
      return denied('confirmation_refused', confirmed.rule)
    case 'impossible':
      return unmet(confirmed.rule)
    case 'too_many':
      return denied('too_many_pending', needs[0].rule)
  }
}

/** One round after the one that was confirmed, with the same credential, and as long as the same is needed. */
async function confirmedBefore(
  { limiter }: VerdictPorts,
  { context, before }: ConfirmableCall & Judged,
  needs: Needed,
): Promise<Verdict | undefined> {
  if (before === undefined || before === 'invalid' || limiter === undefined) return undefined
  const { id, ...confirmed } = before
  const { credential, needs: wanted } = confirmationOf({ context }, needs, [])
  if (confirmed.credential !== credential || confirmed.needs !== wanted) return undefined
  // A state is good once, like the confirmation it stands for: the counter outlives it.
  const use = { limit: 'rounds', counter: `round:${id}`, points: 1, seconds: (2 * ROUND_LIFE) / 1000 }
  const used = await limiter.count([use], context.principal.id)
  return used.kind === 'over' ? undefined : { ...allowed(confirmed.by), confirmed }
}

function confirmationOf(
  { context }: Pick<Judged, 'context'>,
  needs: Needed,
  by: readonly string[],
): Confirmation {
  const { credential, session = null, via = null } = context
  return { credential: canonicalJson([credential, session, via]), needs: canonicalJson(needs), by }
}

async function count(
  { limiter }: VerdictPorts,
  { context }: Judged,
  uses: readonly LimitUse[],
): Promise<Counted> {
  const [first] = uses
  if (first === undefined) return UNCOUNTED
  return limiter === undefined
    ? { kind: 'over', limit: first.limit, retryAfter: first.seconds * 1000 }
    : limiter.count(uses, context.principal.id)
}

const UNCOUNTED: Counted = { kind: 'within', giveBack: async () => undefined }

function allowed(confirmedBy: readonly string[]): Extract<Verdict, { kind: 'allow' }> {
  return { kind: 'allow', confirmedBy }
}

function denied(reason: DenyReason, rule: string | null): Verdict {
  return { kind: 'deny', reason, rule }
}

function unmet(rule: string): Verdict {
  return denied('need_cannot_be_met', rule)
}

function over({ limit, retryAfter }: Extract<Counted, { kind: 'over' }>): Verdict {
  return { kind: 'deny', reason: 'rate_limited', rule: limit, retryAfter }
}
