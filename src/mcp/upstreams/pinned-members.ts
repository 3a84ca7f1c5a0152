import { isRecord } from '../record.ts'
import type { DefinitionKind } from './definition.ts'

/** Says whether a value can be a member; what it holds further down is the upstream's business. */
type Check = (value: unknown) => boolean

/** The members of one kind, in the order in which they are written. */
interface Members {
  readonly required: readonly string[]
  readonly checks: ReadonlyMap<string, Check>
}

/**
 * The members of a definition that are pinned, in the order in which they are written: all that a model, a person or a
 * client is served of it. Everything else is left out, such as `_meta`, `execution` and the `annotations` of a template:
 * what nobody gets can do no harm, and often is another one each time it is listed.
 *
 * Fails closed: `undefined` for what is not of the kind (a member is missing, or is no text, object or list).
 */
export function pinnedMembers(kind: DefinitionKind, listed: unknown): Record<string, unknown> | undefined {
  if (!isRecord(listed)) return undefined
  const { required, checks } = MEMBERS[kind]
  const pinned: [string, unknown][] = []
  for (const [name, check] of checks) {
    const value = listed[name]
    if (value === undefined && !required.includes(name)) continue
    if (!Object.hasOwn(listed, name) || !check(value)) return undefined
    pinned.push([name, value])
  }
  return Object.fromEntries(pinned)
}

const isText: Check = (value) => typeof value === 'string'
const isObjects: Check = (value) => Array.isArray(value) && value.every(isRecord)
const isSchema: Check = (value) => isRecord(value) && value['type'] === 'object'

const isArguments: Check = (value) =>
  Array.isArray(value) &&
  value.every(
    (one) =>
      isRecord(one) &&
      isText(one['name']) &&
      ['title', 'description'].every((member) => one[member] === undefined || isText(one[member])) &&
      (one['required'] === undefined || typeof one['required'] === 'boolean'),
  )

const NAMED = [
  ['name', isText],
  ['title', isText],
  ['description', isText],
] as const

/** MCP 2026-07-28 and 2025-11-25, schema.ts: `Tool`, `Prompt`, `ResourceTemplate`. */
const MEMBERS: Readonly<Record<DefinitionKind, Members>> = {
  tool: {
    required: ['name', 'inputSchema'],
    checks: new Map<string, Check>([
      ...NAMED,
      ['inputSchema', isSchema],
      ['outputSchema', isRecord],
      ['annotations', isRecord],
      ['icons', isObjects],
    ]),
  },
  prompt: {
    required: ['name'],
    checks: new Map<string, Check>([...NAMED, ['arguments', isArguments], ['icons', isObjects]]),
  },
  template: {
    required: ['name', 'uriTemplate'],
    checks: new Map<string, Check>([
      ...NAMED,
      ['uriTemplate', isText],
      ['mimeType', isText],
      ['icons', isObjects],
    ]),
  },
  instructions: { required: ['text'], checks: new Map([['text', isText]]) },
}
