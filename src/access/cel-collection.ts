import { fromJson } from './cel-json.ts'
import { DYN } from './cel-type.ts'
import type { JsonType } from './cel-type.ts'
import { failed } from './cel-value.ts'
import type { Dictionary, Key, List, Outcome, Value } from './cel-value.ts'

/** One element, by an index that is in the list. */
export function elementOf(list: List, index: number): Outcome {
  if (list.kind === 'json-list') return fromJson(list.items[index], list.of, 'an element')
  return list.items[index] ?? null
}

/**
 * What a map has at a key; `undefined` where it has not.
 *
 * @param name what it is called in an error
 */
export function entryOf(map: Dictionary, key: Value, name = 'a field'): Outcome | undefined {
  if (map.kind === 'map') return isKey(key) ? map.entries.get(key) : undefined
  if (typeof key !== 'string' || !Object.hasOwn(map.entries, key)) return undefined
  return fromJson(map.entries[key], fieldType(map.of, key), name)
}

/** Whether a map has a key, whatever is there. */
export function hasEntry(map: Dictionary, key: Value): boolean {
  if (map.kind === 'map') return isKey(key) && map.entries.has(key)
  return typeof key === 'string' && Object.hasOwn(map.entries, key)
}

/** The keys of a map. */
export function keysOf(map: Dictionary): readonly Key[] {
  return map.kind === 'map' ? [...map.entries.keys()] : Object.keys(map.entries)
}

/** How many elements there are. */
export function sizeOf(collection: List | Dictionary): number {
  switch (collection.kind) {
    case 'map':
      return collection.entries.size
    case 'json-map':
      return Object.keys(collection.entries).length
    case 'list':
    case 'json-list':
      return collection.items.length
  }
}

/** What a comprehension goes over: the elements of a list, the keys of a map. */
export function rangeOf(collection: List | Dictionary): List {
  if (collection.kind === 'list' || collection.kind === 'json-list') return collection
  return { kind: 'list', items: keysOf(collection) }
}

/** Makes a map of what was written out: a key, its value, the next key and so on. */
export function dictionary(values: readonly Value[]): Outcome {
  const map = new Map<Key, Value>()
  for (let at = 0; at < values.length; at += 2) {
    const [key = null, value = null] = values.slice(at, at + 2)
    if (!isKey(key)) return failed('the key of a map must be a string, an int or a bool')
    if (map.has(key)) return failed('a key of the map is there twice')
    map.set(key, value)
  }
  return { kind: 'map', entries: map }
}

function fieldType(type: JsonType, key: string): JsonType {
  return type.kind === 'object' ? (type.fields.get(key) ?? DYN) : DYN
}

function isKey(value: Value): value is Key {
  return typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean'
}
