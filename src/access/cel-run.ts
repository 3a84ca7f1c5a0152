import type { Facts } from './condition.ts'
import { budgetWithin, wholeBudget } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import type { Outcome } from './cel-value.ts'

/** One evaluation. */
export interface Run extends Budget {
  readonly facts: Facts
  /** Whether arguments and the resource are taken as not known, whatever the facts say. */
  readonly isBlind: boolean
  /** What the variables of comprehensions stand for, by their depth. */
  readonly slots: Outcome[]
}

/** A part of a condition, made ready. */
export type Part = (run: Run) => Outcome

/** Begins an evaluation; a blind one, which costs little, has a budget of its own. */
export function begin(facts: Facts, isBlind = false): Run {
  const { steps } = isBlind ? wholeBudget() : budgetWithin(facts.budget)
  return { steps, facts, isBlind, slots: [] }
}
