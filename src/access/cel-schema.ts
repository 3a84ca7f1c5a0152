import { DYN } from './cel-type.ts'
import type { JsonType, ObjectType } from './cel-type.ts'

type Schema = Readonly<Record<string, unknown>>

/** Below this depth everything is `dyn`; it is also where a schema that holds itself ends. */
const DEPTH = 8
/** Most objects of one schema that get a type of their own; those behind them are maps. */
const OBJECTS = 100

/** One schema while it is read. */
interface Reading {
  readonly root: Schema
  objects: number
}

/** What sort of value each JSON Schema type is. */
const SCALARS: ReadonlyMap<unknown, JsonType> = new Map<unknown, JsonType>([
  ['string', { kind: 'string' }],
  ['integer', { kind: 'int' }],
  ['number', { kind: 'double' }],
  ['boolean', { kind: 'bool' }],
])

/** Keywords beside which `properties` is not all that an object may have. */
const MORE_FIELDS = [
  'patternProperties',
  'allOf',
  'anyOf',
  'oneOf',
  '$ref',
  '$dynamicRef',
  'if',
  'dependentSchemas',
]

/**
 * The type of a tool's arguments by its input schema (JSON Schema 2020-12, as zod and most MCP servers write it).
 *
 * What the schema leaves open is `dyn`, which is checked when it is used: anything but one plain `type`, references
 * outside of the schema, and whatever is deeper than eight levels. An object has other fields than its `properties`
 * only where `additionalProperties` says so.
 */
export function argumentsType(inputSchema: Schema): ObjectType {
  return objectType(inputSchema, { root: inputSchema, objects: 0 }, 0)
}

function typeOf(schema: unknown, reading: Reading, depth: number): JsonType {
  if (!isSchema(schema) || depth > DEPTH) return DYN
  if (schema['$ref'] !== undefined) return typeOf(resolve(schema['$ref'], reading.root), reading, depth + 1)
  const only = onlyOne(schema)
  if (only !== undefined) return typeOf(only, reading, depth + 1)
  const type = schema['type'] ?? typeOfChoices(schema)
  if (type === 'array')
    return {
      kind: 'list',
      of: schema['prefixItems'] === undefined ? typeOf(schema['items'], reading, depth + 1) : DYN,
    }
  if (type === 'object')
    return mayHaveType(schema, reading) ? objectType(schema, reading, depth) : { kind: 'map' }
  return SCALARS.get(type) ?? DYN
}

/** An object without `properties` is free; so is what there are too many of. */
function mayHaveType(schema: Schema, reading: Reading): boolean {
  reading.objects += 1
  return isSchema(schema['properties']) && reading.objects <= OBJECTS
}

function objectType(schema: Schema, reading: Reading, depth: number): ObjectType {
  const { properties, additionalProperties } = schema
  const fields = isSchema(properties) ? Object.entries(properties) : []
  return {
    kind: 'object',
    fields: new Map(fields.map(([name, field]) => [name, typeOf(field, reading, depth + 1)])),
    isOpen:
      additionalProperties === true ||
      isSchema(additionalProperties) ||
      MORE_FIELDS.some((keyword) => schema[keyword] !== undefined),
  }
}

/** The schema itself where `anyOf` and the like have only one, and nothing is said beside it. */
function onlyOne(schema: Schema): unknown {
  if (schema['type'] !== undefined) return undefined
  const choices = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']
  return Array.isArray(choices) && choices.length === 1 ? choices[0] : undefined
}

/** What `enum` or `const` are all of, as a JSON Schema type. */
function typeOfChoices(schema: Schema): string | undefined {
  const choices = 'const' in schema ? [schema['const']] : schema['enum']
  if (!Array.isArray(choices)) return undefined
  const types = new Set(choices.map((choice) => (typeof choice === 'number' ? 'number' : typeof choice)))
  const [type] = types
  return types.size === 1 && type !== 'object' ? type : undefined
}

/** What a reference of this schema to itself points to (JSON Pointer, RFC 6901); `undefined` for any other. */
function resolve(reference: unknown, root: Schema): unknown {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) return undefined
  let found: unknown = root
  for (const step of reference.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    found = isSchema(found) && Object.hasOwn(found, name) ? found[name] : undefined
  }
  return found
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
