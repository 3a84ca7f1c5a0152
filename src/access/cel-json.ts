import { DYN } from './cel-type.ts'
import type { JsonType } from './cel-type.ts'
import { failed, typeOf } from './cel-value.ts'
import type { Outcome, Value } from './cel-value.ts'

/**
 * What JSON is in CEL, where its type says one thing. Nothing is copied: lists and objects are read where they are.
 *
 * Fails closed: a value of another type than the schema says is an error, since nothing has been validated yet; so are
 * an integer beyond what JavaScript holds exactly and a number beyond what a double holds, which the tool may read
 * otherwise than we.
 *
 * @param name what it is called in the error
 */
export function fromJson(json: unknown, type: JsonType, name: string): Outcome {
  const value = type.kind === 'dyn' ? anyJson(json) : typedJson(json, type)
  return value === undefined ? failed(`${name} ${mismatch(json, type)}`) : value
}

function typedJson(json: unknown, type: JsonType): Value | undefined {
  switch (type.kind) {
    case 'string':
      return typeof json === 'string' ? json : undefined
    case 'bool':
      return typeof json === 'boolean' ? json : undefined
    case 'int':
      return Number.isSafeInteger(json) ? BigInt(Number(json)) : undefined
    case 'double':
      return typeof json === 'number' && Number.isFinite(json) ? json : undefined
    case 'list':
      return Array.isArray(json) ? { kind: 'json-list', items: json, of: type.of } : undefined
    case 'map':
    case 'object':
      return isObject(json) ? { kind: 'json-map', entries: json, of: type } : undefined
    case 'dyn':
      return anyJson(json)
  }
}

function anyJson(json: unknown): Value | undefined {
  if (typeof json === 'string' || typeof json === 'boolean' || json === null) return json
  if (typeof json === 'number') return Number.isInteger(json) ? typedJson(json, INT) : typedJson(json, DOUBLE)
  if (Array.isArray(json)) return { kind: 'json-list', items: json, of: DYN }
  return isObject(json) ? { kind: 'json-map', entries: json, of: DYN } : undefined
}

const INT: JsonType = { kind: 'int' }
const DOUBLE: JsonType = { kind: 'double' }

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function mismatch(json: unknown, type: JsonType): string {
  const value = anyJson(json)
  if (value === undefined) return 'is a number too large to be held exactly'
  return `is ${typeOf(value)}, and its schema says ${type.kind === 'object' ? 'map' : type.kind}`
}
