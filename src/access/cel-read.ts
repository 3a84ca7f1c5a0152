import { elementOf, entryOf, hasEntry } from './cel-collection.ts'
import { FACTS } from './cel-facts.ts'
import type { Part, Run } from './cel-run.ts'
import type { ObjectType } from './cel-type.ts'
import { failed, isDictionary, isFailure, isList, NOT_KNOWN, typeOf } from './cel-value.ts'
import type { Outcome, Value } from './cel-value.ts'
import { UNKNOWN } from './decision.ts'

/** Reads `args`. */
export function readArguments({ facts, isBlind }: Run, of: ObjectType): Outcome {
  const entries = facts.asked?.args
  return isBlind || entries === undefined || entries === UNKNOWN
    ? NOT_KNOWN
    : { kind: 'json-map', entries, of }
}

/** Reads `resource`. */
export function readResource({ facts, isBlind }: Run): Outcome {
  return isBlind ? NOT_KNOWN : (facts.asked?.resource ?? NOT_KNOWN)
}

/** Reads a fact: `auth.age`. */
export function readFact(path: string): Part {
  const read = FACTS.get(path)
  return (run) => orFailed(read?.(run.facts), `${path} is missing`)
}

/** Whether there is such a fact. */
export function hasFact(path: string): Part {
  const read = FACTS.get(path)
  return (run) => read?.(run.facts) !== undefined
}

/** Reads a field of what another part comes to; an error where it is missing. */
export function readField(object: Part, field: string, name: string): Part {
  return (run) => {
    const value = object(run)
    if (isFailure(value)) return value
    if (!isDictionary(value)) return failed(`${name}: ${typeOf(value)} has no fields`)
    return orFailed(entryOf(value, field, name), `${name} is missing`)
  }
}

/** `has(a.b)`: whether the field is there, whatever is in it. What `a` comes to must be a map. */
export function hasField(object: Part, field: string): Part {
  return (run) => {
    const value = object(run)
    if (isFailure(value)) return value
    return isDictionary(value) ? hasEntry(value, field) : failed(`has: ${typeOf(value)} has no fields`)
  }
}

/** `a[b]`, where `b` is a value that was found out. */
export function readAt(_run: Run, [collection = null, key = null]: readonly Value[]): Outcome {
  if (isDictionary(collection)) return orFailed(entryOf(collection, key), 'the map has no such key')
  if (!isList(collection) || typeof key !== 'bigint')
    return failed(`${typeOf(collection)} has no ${typeOf(key)} in brackets`)
  const isThere = key >= 0n && key < BigInt(collection.items.length)
  return isThere ? elementOf(collection, Number(key)) : failed('the list is shorter than that')
}

/** Null is a value, and no missing one. */
function orFailed(outcome: Outcome | undefined, sentence: string): Outcome {
  return outcome === undefined ? failed(sentence) : outcome
}
