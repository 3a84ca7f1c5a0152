import type { FactorRefusal } from './change-factors.ts'
import { problem, refusal, type Problem } from './problem.ts'

/** What a caller is told whose code is not right. */
export function wrongCode(): Problem {
  return problem('invalid_credentials', 'The code is not right, or was used already.')
}

/** What a caller is told whose factors were not changed. */
export function factorProblem(reason: FactorRefusal): Problem {
  switch (reason) {
    case 'session_invalid':
      return refusal('session_invalid')
    case 'reauthentication_required':
      return problem('reauthentication_required')
    case 'second_factor_refused':
      return wrongCode()
    case 'conflict':
      return problem('conflict')
  }
}
