import type { ASTNode } from '@marcbachmann/cel-js'
import { spend, TOO_MUCH } from './cel-budget.ts'
import { dictionary } from './cel-collection.ts'
import { logical, strict, strictPair, ternary } from './cel-combine.ts'
import { comprehend } from './cel-comprehension.ts'
import { FACTS } from './cel-facts.ts'
import { foldCall, isScalar } from './cel-fold.ts'
import { FUNCTIONS, TYPE_NAMES } from './cel-functions.ts'
import { globOfUri, LITERAL_FUNCTIONS } from './cel-literal-functions.ts'
import { binary, negative, not } from './cel-operators.ts'
import { hasFact, hasField, readArguments, readAt, readFact, readField, readResource } from './cel-read.ts'
import type { Part } from './cel-run.ts'
import { comprehensionOf, isOperation, literalText, pathOf, selectionOf } from './cel-syntax.ts'
import type { Comprehension, Operation } from './cel-syntax.ts'
import type { ObjectType } from './cel-type.ts'
import { failed, isFailure } from './cel-value.ts'

/** What a part is compiled in. */
export interface Surroundings {
  readonly argsType: ObjectType
  /** The variables of comprehensions around it, and the slot of each. */
  readonly variables: ReadonlyMap<string, number>
}

/**
 * Makes a checked syntax tree ready to run.
 *
 * The library parses and checks; what runs is ours, for what its evaluator has no place for: a budget that every step
 * and every character is charged to, arguments that are not known, and failures that cost nothing (an error of the
 * library takes 8 microseconds, and a list in the arguments can ask for one per element).
 */
export function compilePart(node: ASTNode, around: Surroundings): Part {
  const part = partOf(node, around)
  return (run) => (spend(run, 1) ? part(run) : TOO_MUCH)
}

function partOf(node: ASTNode, around: Surroundings): Part {
  const part = (inner: ASTNode): Part => compilePart(inner, around)
  if (isOperation(node)) return operation(node, part)
  switch (node.op) {
    case 'value':
      return literal(node.args)
    case 'id':
      return variable(node.args, around)
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return access(node, around)
    case 'call':
      return node.args[0] === 'has' ? has(node.args[1][0], around) : call(node.args[0], node.args[1], around)
    case 'rcall':
      return (
        loop(comprehensionOf(node), around) ?? call(node.args[0], [node.args[1], ...node.args[2]], around)
      )
    case 'list':
      return strict(node.args.map(part), (_run, items) => ({ kind: 'list', items }))
    case 'map':
      return strict(node.args.flat().map(part), (_run, values) => dictionary(values))
    case '?:':
      return ternary(part(node.args[0]), part(node.args[1]), part(node.args[2]))
    case '&&':
    case '||':
      return logical(node.op === '||', part(node.args[0]), part(node.args[1]))
    case '!_':
      return strict([part(node.args)], (_run, [value = null]) => not(value))
    case '-_':
      return strict([part(node.args)], (_run, [value = null]) => negative(value))
  }
}

function operation({ op, args: [left, right] }: Operation, part: (node: ASTNode) => Part): Part {
  return strictPair(part(left), part(right), (run, first, second) => binary(op, run, first, second))
}

/** What the checks before let nobody write comes to nothing. */
function literal(value: unknown): Part {
  const known = isScalar(value) ? value : failed('this kind of value is not known')
  return () => known
}

function variable(name: string, { argsType, variables }: Surroundings): Part {
  const slot = variables.get(name)
  if (slot !== undefined) return (run) => run.slots[slot] ?? null
  if (name === 'args') return (run) => readArguments(run, argsType)
  if (name === 'resource') return readResource
  return TYPE_NAMES.includes(name) ? () => ({ kind: 'type', name }) : readFact(name)
}

/** The fact that a node names; a variable of a comprehension hides no fact, since its name must be its own. */
function factOf(node: ASTNode | undefined): string | undefined {
  const path = node && pathOf(node)?.join('.')
  return path !== undefined && FACTS.has(path) ? path : undefined
}

function access(node: ASTNode, around: Surroundings): Part {
  const fact = factOf(node)
  if (fact !== undefined) return readFact(fact)
  const selection = selectionOf(node)
  if (selection === undefined && node.op === '[]')
    return strict(
      node.args.map((inner) => compilePart(inner, around)),
      readAt,
    )
  if (selection === undefined) return literal(undefined)
  const { object, field } = selection
  return readField(compilePart(object, around), field, pathOf(node)?.join('.') ?? field)
}

function has(node: ASTNode | undefined, around: Surroundings): Part {
  const fact = factOf(node)
  if (fact !== undefined) return hasFact(fact)
  const selection = node && selectionOf(node)
  return selection ? hasField(compilePart(selection.object, around), selection.field) : literal(undefined)
}

function call(name: string, nodes: readonly ASTNode[], around: Surroundings): Part {
  const folded = foldCall(name, nodes)
  if (folded !== undefined) return () => folded
  const parts = nodes.map((node) => compilePart(node, around))
  const last = nodes.length > 1 ? literalText(nodes.at(-1)) : undefined
  const isOfUri = name === 'glob' && nodes[0]?.op === 'id' && nodes[0].args === 'resource'
  const read = isOfUri ? globOfUri : LITERAL_FUNCTIONS.get(name)
  const made = last === undefined ? undefined : read?.(last)
  if (made !== undefined && 'apply' in made)
    return strict(parts.slice(0, 1), (run, [subject = null]) => made.apply(run, subject))
  const apply = FUNCTIONS.get(name)
  return apply === undefined ? literal(undefined) : strict(parts, apply)
}

function loop(comprehension: Comprehension | undefined, around: Surroundings): Part | undefined {
  if (comprehension === undefined) return undefined
  const { name, range, variable: iterated, body } = comprehension
  const slot = around.variables.size
  const key = iterated.op === 'id' ? iterated.args : ''
  const inside = { ...around, variables: new Map(around.variables).set(key, slot) }
  const over = compilePart(range, around)
  const parts = body.map((part) => compilePart(part, inside))
  return (run) => {
    const value = over(run)
    return isFailure(value) ? value : comprehend(name, run, value, slot, parts)
  }
}
