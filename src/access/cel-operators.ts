import { elementOf, hasEntry, sizeOf } from './cel-collection.ts'
import { contains, equals } from './cel-equality.ts'
import { spend, spendText, TOO_MUCH } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import type { BinaryOperator } from './cel-syntax.ts'
import { failed, isDictionary, isFailure, isList, isNumber, typeOf } from './cel-value.ts'
import type { List, Outcome, Value } from './cel-value.ts'

const LEAST = -(2n ** 63n)
const MOST = 2n ** 63n - 1n

/** Applies an operator as CEL does: no number is converted, an int that leaves 64 bits is an error. */
export function binary(operator: BinaryOperator, budget: Budget, left: Value, right: Value): Outcome {
  switch (operator) {
    case '==':
      return equals(budget, left, right)
    case '!=':
      return not(equals(budget, left, right))
    case 'in':
      return isIn(budget, left, right)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordered(operator, budget, left, right)
    case '+':
      return plus(budget, left, right)
    case '-':
      return minus(left, right)
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, left, right)
  }
}

/** `!` of CEL. */
export function not(value: Outcome): Outcome {
  if (typeof value === 'boolean') return !value
  return isFailure(value) ? value : failed(`"!" needs a bool, and this is ${typeOf(value)}`)
}

/** `-` before a number. */
export function negative(value: Value): Outcome {
  if (typeof value === 'number') return -value
  return typeof value === 'bigint' ? int(-value) : failed(`"-" needs a number, and this is ${typeOf(value)}`)
}

function isIn(budget: Budget, value: Value, collection: Value): Outcome {
  if (isList(collection)) return contains(budget, collection, value)
  return isDictionary(collection) ? hasEntry(collection, value) : unfit('in', value, collection)
}

function ordered(operator: '<' | '<=' | '>' | '>=', budget: Budget, left: Value, right: Value): Outcome {
  if (typeof left === 'string' && typeof right === 'string')
    return spendText(budget, Math.min(left.length, right.length)) ? compared(operator, left, right) : TOO_MUCH
  const bothNumbers = isNumber(left) && isNumber(right)
  if (bothNumbers || (typeof left === 'boolean' && typeof right === 'boolean'))
    return compared(operator, left, right)
  if (isTime(left) && isTime(right) && left.kind === right.kind)
    return compared(operator, left.nanoseconds, right.nanoseconds)
  return unfit(operator, left, right)
}

function compared<T extends string | number | bigint | boolean>(
  operator: '<' | '<=' | '>' | '>=',
  left: T,
  right: T,
): boolean {
  switch (operator) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}

function plus(budget: Budget, left: Value, right: Value): Outcome {
  if (typeof left === 'string' && typeof right === 'string')
    return spendText(budget, left.length + right.length) ? left + right : TOO_MUCH
  if (isList(left) && isList(right)) return joined(budget, left, right)
  if (isTime(left) && isTime(right) && (left.kind === 'duration' || right.kind === 'duration')) {
    const kind = left.kind === right.kind ? 'duration' : 'timestamp'
    return { kind, nanoseconds: left.nanoseconds + right.nanoseconds }
  }
  return arithmetic('+', left, right)
}

function minus(left: Value, right: Value): Outcome {
  if (isTime(left) && isTime(right) && (left.kind === 'timestamp' || right.kind === 'duration')) {
    const kind = left.kind === right.kind ? 'duration' : 'timestamp'
    return { kind, nanoseconds: left.nanoseconds - right.nanoseconds }
  }
  return arithmetic('-', left, right)
}

function joined(budget: Budget, left: List, right: List): Outcome {
  if (!spend(budget, sizeOf(left) + sizeOf(right))) return TOO_MUCH
  const items: Value[] = []
  for (const list of [left, right])
    for (let at = 0; at < list.items.length; at += 1) {
      const element = elementOf(list, at)
      if (isFailure(element)) return element
      items.push(element)
    }
  return { kind: 'list', items }
}

function arithmetic(operator: '+' | '-' | '*' | '/' | '%', left: Value, right: Value): Outcome {
  if (typeof left === 'number' && typeof right === 'number' && operator !== '%')
    return ofDoubles(operator, left, right)
  if (typeof left === 'bigint' && typeof right === 'bigint') return ofInts(operator, left, right)
  return unfit(operator, left, right)
}

function ofDoubles(operator: '+' | '-' | '*' | '/', left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
  }
}

function ofInts(operator: '+' | '-' | '*' | '/' | '%', left: bigint, right: bigint): Outcome {
  switch (operator) {
    case '+':
      return int(left + right)
    case '-':
      return int(left - right)
    case '*':
      return int(left * right)
    case '/':
      return right === 0n ? failed('it divides by zero') : int(left / right)
    case '%':
      return right === 0n ? failed('it divides by zero') : int(left % right)
  }
}

function int(value: bigint): Outcome {
  return value >= LEAST && value <= MOST ? value : failed('the int does not fit 64 bits')
}

function isTime(value: Value): value is Extract<Value, { readonly nanoseconds: bigint }> {
  return typeof value === 'object' && value !== null && 'nanoseconds' in value
}

function unfit(operator: BinaryOperator, left: Value, right: Value): Outcome {
  return failed(`"${operator}" cannot stand between ${typeOf(left)} and ${typeOf(right)}`)
}
