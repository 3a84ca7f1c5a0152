import { failed } from './cel-value.ts'
import type { CelError } from './cel-value.ts'

/** What is left to one evaluation; below zero nothing more comes to a value. */
export interface Budget {
  steps: number
}

/** What one evaluation may cost: 10 ms or so, at the very worst 50. */
const STEPS = 100_000
/** Characters that are compared, copied or searched for the price of one step. */
const CHARACTERS = 64

/** What comes of an evaluation whose budget is used up. */
/** What all evaluations of one decision may cost together. */
const DECISION_STEPS = 3 * STEPS

export const TOO_MUCH: CelError = failed('it takes too many steps on these arguments')

/** A whole budget. */
export function wholeBudget(): Budget {
  return { steps: STEPS }
}

/** What one decision may spend. */
export function decisionBudget(): Budget {
  return { steps: DECISION_STEPS }
}

/** A budget of what is left of a decision's, and no more than a whole one. */
export function budgetWithin(shared: Budget | undefined): Budget {
  return shared === undefined ? wholeBudget() : { steps: Math.min(STEPS, shared.steps) }
}

/** Takes steps from the budget; `false` when it is used up. */
export function spend(budget: Budget, steps: number): boolean {
  budget.steps -= steps
  return budget.steps >= 0
}

/** Takes what work on so many characters costs. */
export function spendText(budget: Budget, characters: number): boolean {
  return spend(budget, 1 + Math.ceil(characters / CHARACTERS))
}
