import type { JsonType } from './cel-type.ts'

/** A value of CEL. JSON numbers are int (`bigint`) or double (`number`). */
export type Value =
  | string
  | bigint
  | number
  | boolean
  | null
  | List
  | Dictionary
  | Duration
  | Timestamp
  | TypeName

/** What there is instead of a value: it came to nothing, or what it needs is not known here. */
export type Failure = CelError | Unknown

/** What an expression comes to. Failures are values: throwing costs microseconds, and strangers could ask for many. */
export type Outcome = Value | Failure

/** Values, or what JSON has where they are asked for: JSON becomes a value only where something reads it. */
export type List =
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'json-list'; readonly items: readonly unknown[]; readonly of: JsonType }

/** As {@link List}, by keys. Of a JSON object only its own keys count. */
export type Dictionary =
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<Key, Value> }
  | { readonly kind: 'json-map'; readonly entries: Readonly<Record<string, unknown>>; readonly of: JsonType }

/** What an entry of a map may be called. */
export type Key = string | bigint | boolean

/** A span of time. */
export interface Duration {
  readonly kind: 'duration'
  readonly nanoseconds: bigint
}

/** A moment, since the epoch. */
export interface Timestamp {
  readonly kind: 'timestamp'
  readonly nanoseconds: bigint
}

/** A type as a value, as `type(args.x)` gives it. */
export interface TypeName {
  readonly kind: 'type'
  readonly name: string
}

/** A part that came to nothing, and why, for people. No value of an argument is in it. */
export interface CelError {
  readonly kind: 'error'
  readonly sentence: string
}

/** A part that arguments decide, where they are not known. */
export interface Unknown {
  readonly kind: 'unknown'
}

/** The one {@link Unknown}. */
export const NOT_KNOWN: Unknown = { kind: 'unknown' }

/** Whether there is no value. */
export function isFailure(outcome: Outcome): outcome is Failure {
  return (
    typeof outcome === 'object' &&
    outcome !== null &&
    (outcome.kind === 'error' || outcome.kind === 'unknown')
  )
}

/** A part that came to nothing. */
export function failed(sentence: string): CelError {
  return { kind: 'error', sentence }
}

/** Of two failures the one that stands for both: what is not known may come to anything. */
export function either(left: Failure, right: Failure): Failure {
  return right.kind === 'unknown' ? right : left
}

/** Whether this is a list. */
export function isList(value: Outcome): value is List {
  return typeof value === 'object' && value !== null && (value.kind === 'list' || value.kind === 'json-list')
}

/** Whether this is a map. */
export function isDictionary(value: Outcome): value is Dictionary {
  return typeof value === 'object' && value !== null && (value.kind === 'map' || value.kind === 'json-map')
}

/** Whether this is a number of either type. */
export function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** What CEL calls the type of a value. */
export function typeOf(value: Value): string {
  if (typeof value === 'object') return value === null ? 'null_type' : TYPE_OF_KIND[value.kind]
  return TYPE_OF_SCALAR[typeof value] ?? 'dyn'
}

const TYPE_OF_SCALAR: Readonly<Partial<Record<string, string>>> = {
  string: 'string',
  bigint: 'int',
  number: 'double',
  boolean: 'bool',
}

const TYPE_OF_KIND: Readonly<Record<Exclude<Value, Key | number | null>['kind'], string>> = {
  list: 'list',
  'json-list': 'list',
  map: 'map',
  'json-map': 'map',
  duration: 'duration',
  timestamp: 'timestamp',
  type: 'type',
}
