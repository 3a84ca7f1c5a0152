import { partsOf, TIMESTAMP_PARTS } from './cel-calendar.ts'
import { sizeOf } from './cel-collection.ts'
import { spend, spendText, TOO_MUCH } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import { applyText, TEXT_FUNCTIONS } from './cel-text.ts'
import { DURATION_PARTS, parseDuration, parseTimestamp } from './cel-time.ts'
import { failed, isDictionary, isList, typeOf } from './cel-value.ts'
import type { Outcome, Value } from './cel-value.ts'

/** A function of values; the one it is called on is the first. */
type CelFunction = (budget: Budget, values: readonly Value[]) => Outcome

/**
 * The functions that conditions have, beside those in `cel-literal-functions.ts`. Whatever of CEL is not here is
 * refused when the policy is loaded.
 */
export const FUNCTIONS: ReadonlyMap<string, CelFunction> = new Map<string, CelFunction>([
  ...[...TEXT_FUNCTIONS].map(([name, apply]): [string, CelFunction] => [
    name,
    (budget, values) => applyText(budget, apply, values) ?? unfit(name, values),
  ]),
  ...[...TIMESTAMP_PARTS.keys(), 'getMilliseconds', ...DURATION_PARTS.keys()].map(
    (name): [string, CelFunction] => [name, (_budget, values) => timePart(name, values)],
  ),
  ['size', size],
  ['string', one(toText)],
  ['int', one(toInt)],
  ['double', one(toDouble)],
  ['bool', one(toBool)],
  ['duration', one((value) => (typeof value === 'string' ? parseDuration(value) : undefined), 'duration')],
  ['timestamp', one(toTimestamp)],
  ['dyn', one((value) => value)],
  ['type', one((value) => ({ kind: 'type', name: typeOf(value) }))],
])

/** Names of types, as `type(args.x) == string` has them. */
export const TYPE_NAMES: readonly string[] = [
  'string',
  'int',
  'double',
  'bool',
  'list',
  'map',
  'null_type',
  'type',
]

function unfit(name: string, values: readonly Value[]): Outcome {
  return failed(`${name} does not take ${values.map(typeOf).join(', ')}`)
}

/** A function of one value that fits or does not. */
function one(
  apply: (value: Value, budget: Budget) => Outcome | undefined,
  name = 'the conversion',
): CelFunction {
  return (budget, values) => {
    const [value = null] = values
    if (typeof value === 'string' && !spendText(budget, value.length)) return TOO_MUCH
    const applied = apply(value, budget)
    return applied === undefined ? unfit(name, values) : applied
  }
}

function size(budget: Budget, values: readonly Value[]): Outcome {
  const [value = null] = values
  if (isList(value)) return BigInt(sizeOf(value))
  if (isDictionary(value)) {
    const count = sizeOf(value)
    return spend(budget, count) ? BigInt(count) : TOO_MUCH
  }
  const counted = TEXT_FUNCTIONS.get('size')
  return (counted && applyText(budget, counted, values)) ?? unfit('size', values)
}

function timePart(name: string, values: readonly Value[]): Outcome {
  const [value = null] = values
  if (typeof value !== 'object' || value === null) return unfit(name, values)
  if (value.kind === 'duration') return DURATION_PARTS.get(name)?.(value) ?? unfit(name, values)
  if (value.kind !== 'timestamp') return unfit(name, values)
  if (name === 'getMilliseconds') return (value.nanoseconds / 1_000_000n) % 1000n
  return TIMESTAMP_PARTS.get(name)?.(partsOf(value, 'UTC')) ?? unfit(name, values)
}

function toText(value: Value): Outcome | undefined {
  return typeof value === 'object' ? undefined : String(value)
}

function toInt(value: Value): Outcome | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number')
    return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : failed('it does not fit an int')
  if (typeof value !== 'string') return undefined
  const number = /^-?\d{1,19}$/.test(value) ? BigInt(value) : undefined
  return number !== undefined && BigInt.asIntN(64, number) === number
    ? number
    : failed('the string is not an int')
}

function toDouble(value: Value): Outcome | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string') return undefined
  return value.length <= 40 &&
    /^-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i.test(value) &&
    Number.isFinite(Number(value))
    ? Number(value)
    : failed('the string is not a double')
}

function toBool(value: Value): Outcome | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  if (value === 'true' || value === 'false') return value === 'true'
  return failed('the string is neither "true" nor "false"')
}

function toTimestamp(value: Value): Outcome | undefined {
  if (typeof value === 'string') return parseTimestamp(value)
  if (typeof value !== 'bigint') return undefined
  return value >= -62_135_596_800n && value < 253_402_300_800n
    ? { kind: 'timestamp', nanoseconds: value * 1_000_000_000n }
    : failed('the number of seconds is out of range')
}
