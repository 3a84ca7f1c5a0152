import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest } from '../nearest.ts'
import { FACTS, RECORDS } from './cel-facts.ts'
import { TYPE_NAMES } from './cel-functions.ts'
import { pathOf, selectionOf } from './cel-syntax.ts'
import type { JsonType, ObjectType } from './cel-type.ts'
import type { ConditionFault, ConditionScope } from './condition.ts'

/** Most names that a suggestion lists. */
const LISTED = 12

/** Where names stand. */
export interface Naming {
  readonly scope: ConditionScope
  readonly argsType: ObjectType
  /** The variables of the comprehensions around, and whether their elements come from a caller. */
  readonly variables: ReadonlyMap<string, boolean>
}

/** The names that a condition may begin with in a scope. */
export function rootsOf(scope: ConditionScope): readonly string[] {
  if (scope.kind === 'grant') return ['principal', 'auth', 'now']
  return ['principal', 'auth', 'now', 'tool', ...(scope.hasArguments ? ['args', 'resource'] : [])]
}

/** Whether a name means something without any comprehension. */
export function isTaken(name: string): boolean {
  return (
    TYPE_NAMES.includes(name) ||
    [...RECORDS, 'args', 'resource', 'cel', 'google', 'uint', 'bytes'].includes(name)
  )
}

/** Whether a node reads fields of what a condition may begin with, all by their names. */
export function isNamed(node: ASTNode, { scope, variables }: Naming): boolean {
  const [root = ''] = pathOf(node) ?? []
  return !variables.has(root) && rootsOf(scope).includes(root)
}

/** What is wrong with a variable. */
export function variableFaults(node: ASTNode, name: string, naming: Naming): readonly ConditionFault[] {
  if (naming.variables.has(name) || TYPE_NAMES.includes(name)) return []
  if (rootsOf(naming.scope).includes(name)) return recordFaults(node)
  return [{ offset: node.start, sentence: unknownVariable(name, naming) }]
}

/** What is wrong with the fields that are read one after the other: the first that nothing has. */
export function fieldFaults(node: ASTNode, naming: Naming): readonly ConditionFault[] {
  const before = selectionOf(node)?.object
  const path = pathOf(node)
  if (before === undefined || path === undefined) return []
  const earlier = fieldFaults(before, naming)
  if (earlier.length > 0) return earlier
  const known = knownFields(path, naming)
  const field = path.at(-1) ?? ''
  if (known === undefined || known.includes(field)) return []
  const offset = node.op === '.' ? node.pos : node.start
  return [{ offset, sentence: `there is no \`${path.join('.')}\`: ${suggestion(field, known)}` }]
}

/** What is wrong where a value is needed and a group of facts stands. */
export function recordFaults(node: ASTNode): readonly ConditionFault[] {
  const name = pathOf(node)?.join('.') ?? ''
  if (!RECORDS.has(name)) return []
  const example = [...FACTS.keys()].find((fact) => fact.startsWith(`${name}.`)) ?? name
  return [
    {
      offset: node.start,
      sentence: `\`${name}\` is no value: write one of its fields, as in \`${example}\``,
    },
  ]
}

/** The name that was most likely meant, or all there are. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  if (near !== undefined) return `did you mean \`${near}\`?`
  const more = known.length > LISTED ? ', …' : ''
  return known.length === 0 ? 'it has no fields' : `use one of ${known.slice(0, LISTED).join(', ')}${more}`
}

function unknownVariable(name: string, { scope, variables }: Naming): string {
  if (!['args', 'resource', 'tool'].includes(name))
    return `there is no \`${name}\` here: ${suggestion(name, [...rootsOf(scope), ...variables.keys()])}`
  if (scope.kind === 'grant')
    return `a grant cannot speak of \`${name}\`, since it holds for every call: write a rule`
  return `a rule that hides cannot speak of \`${name}\`, since lists do not know it: write a rule that denies`
}

/** The names that the last of a path may be; `undefined` where it may be any. */
function knownFields(path: readonly string[], { scope, argsType }: Naming): readonly string[] | undefined {
  if (path[0] === 'args') return knownArguments(path.slice(1), argsType)
  const object = `${path.slice(0, -1).join('.')}.`
  const hidden = scope.kind === 'grant' ? ['principal.roles'] : []
  const names = [...FACTS.keys()].filter((name) => name.startsWith(object) && !hidden.includes(name))
  const known = names.map((name) => name.slice(object.length)).filter((name) => !name.includes('.'))
  return known.length === 0 ? undefined : known
}

function knownArguments(path: readonly string[], type: JsonType | undefined): readonly string[] | undefined {
  if (type?.kind !== 'object') return undefined
  if (path.length > 1) return knownArguments(path.slice(1), type.fields.get(path[0] ?? ''))
  return type.isOpen ? undefined : [...type.fields.keys()]
}
