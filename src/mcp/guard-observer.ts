import type { Action, DenyReason } from '../access/decision.ts'
import type { ActionFinished, AskReason } from '../audit/event.ts'

/** How one guarded call went, told once it is over. Neither a name nor an argument is in it. */
export interface GuardedCallSeen {
  readonly kind: 'tool' | 'prompt' | 'resource'
  readonly action: Action
  readonly decision: 'allow' | 'deny' | 'ask'
  readonly reason: DenyReason | AskReason | null
  /** Rules in shadow mode that would have decided otherwise. */
  readonly shadow: readonly string[]
  /** What the work came to; null where nothing ran. */
  readonly outcome: ActionFinished['outcome'] | null
  /** As `performance.now()` has it, as all of these: when the policy was asked, */
  readonly startedAt: number
  /** when it had decided, */
  readonly decidedAt: number
  /** when that was on record, and the work began, */
  readonly recordedAt: number
  /** and when the work was over; null where nothing ran. */
  readonly finishedAt: number | null
}

/** Told of every guarded call of one request whose decision is on record, for metrics and traces. Never throws. */
export type GuardObserver = (call: GuardedCallSeen) => void

/** Notes when the steps of one guarded call are over. */
export interface CallWatch {
  decided(): void
  recorded(): void
  /** @param outcome what the work came to; null where nothing ran */
  over(
    verdict: Pick<GuardedCallSeen, 'decision' | 'reason' | 'shadow'>,
    outcome: GuardedCallSeen['outcome'],
  ): void
}

const UNWATCHED: CallWatch = { decided: () => undefined, recorded: () => undefined, over: () => undefined }

/** A watch over one call, which begins at once; for nobody without an observer. No decision rests on its clock. */
export function watchCall(
  observe: GuardObserver | undefined,
  { kind, action }: Pick<GuardedCallSeen, 'kind' | 'action'>,
): CallWatch {
  if (observe === undefined) return UNWATCHED
  const startedAt = performance.now()
  let decidedAt = startedAt
  let recordedAt = startedAt
  return {
    decided: () => void (decidedAt = performance.now()),
    recorded: () => void (recordedAt = performance.now()),
    over({ decision, reason, shadow }, outcome) {
      const finishedAt = outcome === null ? null : performance.now()
      const times = { startedAt, decidedAt, recordedAt, finishedAt }
      observe({ kind, action, decision, reason, shadow, outcome, ...times })
    },
  }
}
