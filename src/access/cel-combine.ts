import type { Part, Run } from './cel-run.ts'
import { either, failed, isFailure, typeOf } from './cel-value.ts'
import type { Failure, Outcome, Value } from './cel-value.ts'

/** A part that needs the values of all the others, of which none may come to nothing. */
export function strict(parts: readonly Part[], apply: (run: Run, values: readonly Value[]) => Outcome): Part {
  return (run) => {
    const values: Value[] = []
    for (const part of parts) {
      const value = part(run)
      if (isFailure(value)) return value
      values.push(value)
    }
    return apply(run, values)
  }
}

/** As {@link strict}, of two, which most parts are. */
export function strictPair(
  left: Part,
  right: Part,
  apply: (run: Run, left: Value, right: Value) => Outcome,
): Part {
  return (run) => {
    const first = left(run)
    if (isFailure(first)) return first
    const second = right(run)
    return isFailure(second) ? second : apply(run, first, second)
  }
}

/** `&&` (decided by false) and `||` (by true): what came to nothing on one side is outvoted by a decisive other side. */
export function logical(decisive: boolean, left: Part, right: Part): Part {
  return (run) => {
    const first = booleanOrFailure(left(run))
    if (first === decisive) return first
    const second = booleanOrFailure(right(run))
    if (second === decisive || typeof first === 'boolean') return second
    return typeof second === 'boolean' ? first : either(first, second)
  }
}

/** `condition ? yes : no`. */
export function ternary(condition: Part, yes: Part, no: Part): Part {
  return (run) => {
    const answer = condition(run)
    if (typeof answer === 'boolean') return answer ? yes(run) : no(run)
    return isFailure(answer) ? answer : failed(`"?" needs a bool before it, and this is ${typeOf(answer)}`)
  }
}

function booleanOrFailure(outcome: Outcome): boolean | Failure {
  if (typeof outcome === 'boolean' || isFailure(outcome)) return outcome
  return failed(`"&&" and "||" need a bool, and this is ${typeOf(outcome)}`)
}
