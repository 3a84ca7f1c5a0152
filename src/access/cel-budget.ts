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
export const TOO_MUCH: CelError = failed('it takes too many steps on these arguments')

/** A whole budget. */
export function wholeBudget(): Budget {
  return { steps: STEPS }
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
