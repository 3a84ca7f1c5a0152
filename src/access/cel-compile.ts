import type { ASTNode } from '@marcbachmann/cel-js'
import { spend, TOO_MUCH, wholeBudget } from './cel-budget.ts'
import { dictionary, elementOf, entryOf, hasEntry } from './cel-collection.ts'
import { comprehend } from './cel-comprehension.ts'
import { FACTS } from './cel-facts.ts'
import { FUNCTIONS, TYPE_NAMES } from './cel-functions.ts'
import { LITERAL_FUNCTIONS } from './cel-literal-functions.ts'
import { binary, negative, not } from './cel-operators.ts'
import type { Part, Run } from './cel-run.ts'
import { comprehensionOf, literalText, pathOf, selectionOf } from './cel-syntax.ts'
import type { Comprehension, Selection } from './cel-syntax.ts'
import type { ObjectType } from './cel-type.ts'
import { either, failed, isDictionary, isFailure, isList, NOT_KNOWN, typeOf } from './cel-value.ts'
import type { Failure, Outcome, Value } from './cel-value.ts'
import { UNKNOWN } from './decision.ts'

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
    case 'rcall': {
      const comprehension = comprehensionOf(node)
      if (comprehension) return loop(comprehension, around)
      return call(node.args[0], [node.args[1], ...node.args[2]], around)
    }
    case 'list':
      return strict(node.args, around, (_run, items) => ({ kind: 'list', items }))
    case 'map':
      return strict(node.args.flat(), around, (_run, values) => dictionary(pairs(values)))
    case '?:':
      return ternary(node.args, around)
    case '&&':
      return logical(false, node.args, around)
    case '||':
      return logical(true, node.args, around)
    case '!_':
      return strict([node.args], around, (_run, [value = null]) => not(value))
    case '-_':
      return strict([node.args], around, (_run, [value = null]) => negative(value))
    case '!=':
    case '==':
    case 'in':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return infix(node, around)
  }
}

function infix(node: ASTNode & { readonly op: Parameters<typeof binary>[0] }, around: Surroundings): Part {
  const operator = node.op
  const left = compilePart(node.args[0], around)
  const right = compilePart(node.args[1], around)
  return (run) => {
    const first = left(run)
    const second = right(run)
    if (isFailure(first)) return first
    return isFailure(second) ? second : binary(operator, run, first, second)
  }
}

function literal(value: unknown): Part {
  const known = isScalar(value) ? value : failed('this kind of value is not known')
  return () => known
}

function isScalar(value: unknown): value is string | bigint | number | boolean | null {
  return value === null || ['string', 'bigint', 'number', 'boolean'].includes(typeof value)
}

function variable(name: string, { argsType, variables }: Surroundings): Part {
  const slot = variables.get(name)
  if (slot !== undefined) return (run) => run.slots[slot] ?? null
  if (name === 'args') return (run) => args(run, argsType)
  if (name === 'resource') return resource
  if (TYPE_NAMES.includes(name)) return () => ({ kind: 'type', name })
  return fact(name)
}

function args({ facts, isBlind }: Run, of: ObjectType): Outcome {
  const entries = facts.asked?.args
  return isBlind || entries === undefined || entries === UNKNOWN
    ? NOT_KNOWN
    : { kind: 'json-map', entries, of }
}

function resource({ facts, isBlind }: Run): Outcome {
  return isBlind ? NOT_KNOWN : (facts.asked?.resource ?? NOT_KNOWN)
}

function fact(path: string): Part {
  const read = FACTS.get(path)
  return (run) => orFailed(read?.(run.facts), `${path} is missing`)
}

/** Null is a value, and no missing one. */
function orFailed(outcome: Outcome | undefined, sentence: string): Outcome {
  return outcome === undefined ? failed(sentence) : outcome
}

/** The fact that a node names; a variable of a comprehension hides no fact, since its name must be its own. */
function factOf(node: ASTNode): string | undefined {
  const path = pathOf(node)?.join('.')
  return path !== undefined && FACTS.has(path) ? path : undefined
}

function access(node: ASTNode, around: Surroundings): Part {
  const path = factOf(node)
  if (path !== undefined) return fact(path)
  const selection = selectionOf(node)
  if (selection !== undefined) return select(selection, pathOf(node)?.join('.') ?? selection.field, around)
  return node.op === '[]' ? strict(node.args, around, at) : literal(undefined)
}

function select({ object, field }: Selection, name: string, around: Surroundings): Part {
  const part = compilePart(object, around)
  return (run) => {
    const value = part(run)
    if (isFailure(value)) return value
    if (!isDictionary(value)) return failed(`${name}: ${typeOf(value)} has no fields`)
    return orFailed(entryOf(value, field, name), `${name} is missing`)
  }
}

function at(_run: Run, [collection = null, key = null]: readonly Value[]): Outcome {
  if (isDictionary(collection)) return orFailed(entryOf(collection, key), 'the map has no such key')
  if (!isList(collection) || typeof key !== 'bigint')
    return failed(`${typeOf(collection)} has no ${typeOf(key)} in brackets`)
  const isThere = key >= 0n && key < BigInt(collection.items.length)
  return isThere ? elementOf(collection, Number(key)) : failed('the list is shorter than that')
}

/** `has(a.b)`: whether the field is there, whatever is in it. What `a` comes to must be a map. */
function has(node: ASTNode | undefined, around: Surroundings): Part {
  const selection = node && selectionOf(node)
  if (node === undefined || selection === undefined) return literal(undefined)
  const read = FACTS.get(factOf(node) ?? '')
  if (read !== undefined) return (run) => read(run.facts) !== undefined
  const part = compilePart(selection.object, around)
  return (run) => {
    const value = part(run)
    if (isFailure(value)) return value
    return isDictionary(value)
      ? hasEntry(value, selection.field)
      : failed(`has: ${typeOf(value)} has no fields`)
  }
}

function call(name: string, nodes: readonly ASTNode[], around: Surroundings): Part {
  const folded = foldCall(name, nodes)
  if (folded !== undefined) return () => folded
  const last = nodes.length > 1 ? literalText(nodes.at(-1)) : undefined
  const made = last === undefined ? undefined : LITERAL_FUNCTIONS.get(name)?.(last)
  if (made !== undefined && 'apply' in made)
    return strict(nodes.slice(0, 1), around, (run, [subject = null]) => made.apply(run, subject))
  const apply = FUNCTIONS.get(name)
  return apply === undefined ? literal(undefined) : strict(nodes, around, apply)
}

/** What a function of values that are all written out comes to, once and for all: `duration("5m")`. */
export function foldCall(name: string, nodes: readonly ASTNode[]): Outcome | undefined {
  if (nodes.length === 0 || !nodes.every(({ op }) => op === 'value') || LITERAL_FUNCTIONS.has(name))
    return undefined
  const values = nodes.map(({ args: value }) => value).filter(isScalar)
  return values.length === nodes.length ? FUNCTIONS.get(name)?.(wholeBudget(), values) : undefined
}

function loop({ name, range, variable: iterated, body }: Comprehension, around: Surroundings): Part {
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

function ternary(
  [condition, whole, other]: readonly [ASTNode, ASTNode, ASTNode],
  around: Surroundings,
): Part {
  const [asked, yes, no] = [
    compilePart(condition, around),
    compilePart(whole, around),
    compilePart(other, around),
  ]
  return (run) => {
    const answer = asked(run)
    if (typeof answer === 'boolean') return answer ? yes(run) : no(run)
    return isFailure(answer) ? answer : failed(`"?" needs a bool before it, and this is ${typeOf(answer)}`)
  }
}

/** `&&` (decided by false) and `||` (by true): what came to nothing on one side is outvoted by a decisive other side. */
function logical(decisive: boolean, [left, right]: readonly [ASTNode, ASTNode], around: Surroundings): Part {
  const [one, other] = [compilePart(left, around), compilePart(right, around)]
  return (run) => {
    const first = booleanOrFailure(one(run))
    if (first === decisive) return first
    const second = booleanOrFailure(other(run))
    if (second === decisive || typeof first === 'boolean') return second
    return typeof second === 'boolean' ? first : either(first, second)
  }
}

function booleanOrFailure(outcome: Outcome): boolean | Failure {
  if (typeof outcome === 'boolean' || isFailure(outcome)) return outcome
  return failed(`"&&" and "||" need a bool, and this is ${typeOf(outcome)}`)
}

/** A part that needs the values of all the others. */
function strict(
  nodes: readonly ASTNode[],
  around: Surroundings,
  apply: (run: Run, values: readonly Value[]) => Outcome,
): Part {
  const parts = nodes.map((node) => compilePart(node, around))
  return (run) => {
    const values: Value[] = []
    for (const part of parts) {
      const value = part(run)
      if (isFailure(value)) return value
      values.push(value)
    }
    return apply(run, values)
  }
}

function pairs(values: readonly Value[]): readonly (readonly [Value, Value])[] {
  return Array.from(
    { length: values.length / 2 },
    (_, at_) => [values[2 * at_] ?? null, values[2 * at_ + 1] ?? null] as const,
  )
}
