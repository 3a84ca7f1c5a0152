import { spend, TOO_MUCH } from './cel-budget.ts'
import { elementOf, rangeOf } from './cel-collection.ts'
import type { Part, Run } from './cel-run.ts'
import type { ComprehensionName } from './cel-syntax.ts'
import { either, failed, isDictionary, isFailure, isList, typeOf } from './cel-value.ts'
import type { Failure, List, Outcome, Value } from './cel-value.ts'

/** What goes over a list, and what is asked of each element. */
interface Loop {
  readonly run: Run
  readonly list: List
  readonly slot: number
  readonly body: readonly Part[]
}

/**
 * Runs a comprehension of CEL. `all` and `exists` go on past an element that comes to nothing, since another may
 * decide; the others do not. What goes over more elements than the budget pays for comes to nothing.
 */
export function comprehend(
  name: ComprehensionName,
  run: Run,
  range: Value,
  slot: number,
  body: readonly Part[],
): Outcome {
  if (!isList(range) && !isDictionary(range))
    return failed(`${name} needs a list or a map, and this is ${typeOf(range)}`)
  const loop: Loop = { run, list: rangeOf(range), slot, body }
  // The keys of a map are gathered before the first is looked at, also where the first decides.
  if (isDictionary(range) && !spend(run, loop.list.items.length)) return TOO_MUCH
  switch (name) {
    case 'all':
      return quantify(loop, false)
    case 'exists':
      return quantify(loop, true)
    case 'exists_one':
      return existsOne(loop)
    case 'filter':
      return collect(loop, (run_) => run_.slots[slot] ?? null)
    case 'map':
      return collect({ ...loop, body: body.slice(0, -1) }, body.at(-1))
  }
}

/** Whether one element comes to `decisive`: that decides, and no element after it is looked at. */
function quantify(loop: Loop, decisive: boolean): Outcome {
  let failure: Failure | undefined
  for (let at = 0; at < loop.list.items.length; at += 1) {
    const answer = ask(loop, at)
    if (answer === decisive || loop.run.steps < 0) return loop.run.steps < 0 ? TOO_MUCH : answer
    if (typeof answer !== 'boolean') failure = failure === undefined ? answer : either(failure, answer)
  }
  return failure ?? !decisive
}

function existsOne(loop: Loop): Outcome {
  let found = 0
  for (let at = 0; at < loop.list.items.length; at += 1) {
    const answer = ask(loop, at)
    if (typeof answer !== 'boolean') return answer
    if (answer) found += 1
  }
  return found === 1
}

function collect(loop: Loop, make: Part | undefined): Outcome {
  const items: Value[] = []
  for (let at = 0; at < loop.list.items.length; at += 1) {
    const answer = ask(loop, at)
    if (typeof answer !== 'boolean') return answer
    const made = answer && make ? make(loop.run) : null
    if (isFailure(made)) return made
    if (answer) items.push(made)
  }
  return { kind: 'list', items }
}

/** What is asked of one element; true where nothing is asked. */
function ask({ run, list, slot, body }: Loop, at: number): boolean | Failure {
  if (!spend(run, 1)) return TOO_MUCH
  run.slots[slot] = elementOf(list, at)
  const [predicate] = body
  const answer = predicate === undefined ? true : predicate(run)
  if (typeof answer === 'boolean' || isFailure(answer)) return answer
  return failed(`what is asked of each element must be a bool, and this is ${typeOf(answer)}`)
}
