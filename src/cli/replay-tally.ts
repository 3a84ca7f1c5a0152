import type { Decision, Policy } from '../access/decision.ts'
import type { Catalog } from '../mcp/catalog.ts'
import { decidingRule } from './access-verdict.ts'
import type { RecordedDecision } from './recorded-decision.ts'
import { replayDecision } from './replay-decision.ts'

/** What a caller was told, or would be. */
type Answer = 'allow' | 'deny' | 'ask'

/** Decisions that would be answered otherwise, in the same way. */
export interface Flip {
  readonly principal: string
  readonly action: string
  readonly name: string
  readonly was: Answer
  readonly wouldBe: Answer
  /** The rule or the reason. */
  readonly by: string
  readonly count: number
  /** Id of one request. */
  readonly example: string
}

/** What came of putting decisions of the past to a policy. */
export interface ReplayTally {
  readonly total: number
  readonly unchanged: number
  /** Refused by a limit. */
  readonly limited: number
  readonly flips: readonly Flip[]
  readonly impossible: readonly { readonly why: string; readonly count: number }[]
}

/** Counts what becomes of decisions. Keeps no decision, so that a trail may be of any length. */
export function replayTally(
  policy: Policy,
  catalog: Catalog,
): { add(recorded: RecordedDecision): void; result(): ReplayTally } {
  const flips = new Map<string, Flip>()
  const impossible = new Map<string, number>()
  const counts = { total: 0, unchanged: 0, limited: 0 }
  return {
    add(recorded) {
      counts.total++
      if (recorded.reason === 'rate_limited') return void counts.limited++
      const replayed = replayDecision(recorded, policy, catalog)
      if (replayed.kind === 'impossible')
        return void impossible.set(replayed.why, (impossible.get(replayed.why) ?? 0) + 1)
      const [was, wouldBe] = [
        recordedAnswer(recorded),
        replayed.kind === 'unknown' ? 'deny' : answerOf(replayed.decision),
      ]
      if (was === wouldBe) return void counts.unchanged++
      const by = replayed.kind === 'unknown' ? 'unknown_name' : wordsOf(replayed.decision)
      const { principal, action, name, requestId } = recorded
      const key = JSON.stringify([principal, action, name, was, wouldBe, by])
      const count = (flips.get(key)?.count ?? 0) + 1
      flips.set(key, { principal, action, name, was, wouldBe, by, count, example: requestId })
    },
    result: () => ({
      ...counts,
      flips: [...flips.values()].toSorted((a, b) => b.count - a.count),
      impossible: [...impossible]
        .map(([why, count]) => ({ why, count }))
        .toSorted((a, b) => b.count - a.count),
    }),
  }
}

/** What the policy of then answered. What was confirmed, or was not, had been asked for. */
export function recordedAnswer({ decision, reason, confirmedBy }: RecordedDecision): Answer {
  if (decision === 'allow') return confirmedBy.length > 0 ? 'ask' : 'allow'
  return reason === 'confirmation_refused' || reason === 'too_many_pending' ? 'ask' : decision
}

/** What a caller is told; of a list on which it depends, that it is there. */
export function answerOf({ kind }: Decision): Answer {
  if (kind === 'deny') return 'deny'
  return kind === 'needs' ? 'ask' : 'allow'
}

function wordsOf(decision: Decision): string {
  const rule = decidingRule(decision)
  if (rule !== null) return `rule ${rule}`
  return decision.kind === 'deny' ? decision.reason : '-'
}
