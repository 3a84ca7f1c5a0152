import { elementOf, entryOf, keysOf, sizeOf } from './cel-collection.ts'
import { spend, spendText, TOO_MUCH } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import { failed, isDictionary, isFailure, isList, isNumber } from './cel-value.ts'
import type { Dictionary, Failure, List, Outcome, Value } from './cel-value.ts'

/** No argument is nested as deep: the body of a request ends before. */
const DEEPEST = 100

/**
 * `==` of CEL: numbers are equal across their types, collections by their elements, and values of different types are
 * not equal. An element that is no value (of another type than its schema says) makes the whole an error.
 */
export function equals(budget: Budget, left: Value, right: Value, depth = 0): boolean | Failure {
  if (typeof left === 'string' && typeof right === 'string') return sameText(budget, left, right)
  if (isList(left) && isList(right)) return descend(budget, depth) ?? sameList(budget, left, right, depth + 1)
  if (isDictionary(left) && isDictionary(right))
    return descend(budget, depth) ?? sameMap(budget, left, right, depth + 1)
  return sameScalar(left, right)
}

function descend(budget: Budget, depth: number): Failure | undefined {
  if (depth >= DEEPEST) return failed('it is nested too deep to be compared')
  return spend(budget, 1) ? undefined : TOO_MUCH
}

function sameText(budget: Budget, left: string, right: string): boolean | Failure {
  if (left.length !== right.length) return false
  return spendText(budget, left.length) ? left === right : TOO_MUCH
}

function sameScalar(left: Value, right: Value): boolean {
  // oxlint-disable-next-line eqeqeq -- exact between a bigint and a number, which "===" never finds equal
  if (isNumber(left) && isNumber(right)) return left == right
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
    return left === right
  switch (left.kind) {
    case 'duration':
    case 'timestamp':
      return right.kind === left.kind && left.nanoseconds === right.nanoseconds
    case 'type':
      return right.kind === 'type' && left.name === right.name
    case 'list':
    case 'json-list':
    case 'map':
    case 'json-map':
      return false
  }
}

function sameList(budget: Budget, left: List, right: List, depth: number): boolean | Failure {
  if (sizeOf(left) !== sizeOf(right)) return false
  for (let at = 0; at < left.items.length; at += 1) {
    const same = sameOutcome(budget, elementOf(left, at), elementOf(right, at), depth)
    if (same !== true) return same
  }
  return true
}

function sameMap(budget: Budget, left: Dictionary, right: Dictionary, depth: number): boolean | Failure {
  if (!spend(budget, sizeOf(left) + sizeOf(right))) return TOO_MUCH
  if (sizeOf(left) !== sizeOf(right)) return false
  for (const key of keysOf(left)) {
    const same = sameOutcome(budget, entryOf(left, key), entryOf(right, key), depth)
    if (same !== true) return same
  }
  return true
}

/** `undefined` stands for a key that is not there. */
function sameOutcome(
  budget: Budget,
  left: Outcome | undefined,
  right: Outcome | undefined,
  depth: number,
): boolean | Failure {
  if (!spend(budget, 1)) return TOO_MUCH
  if (left === undefined || right === undefined) return false
  if (isFailure(left)) return left
  return isFailure(right) ? right : equals(budget, left, right, depth)
}

/** `in` of CEL: whether a list has an element that is equal, or a map a key. */
export function contains(budget: Budget, list: List, value: Value): boolean | Failure {
  let failure: Failure | undefined
  for (let at = 0; at < list.items.length; at += 1) {
    const same = sameOutcome(budget, elementOf(list, at), value, 0)
    if (same === true || same === TOO_MUCH) return same
    if (same !== false) failure ??= same
  }
  return failure ?? false
}
