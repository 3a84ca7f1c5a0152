import type { ASTNode } from '@marcbachmann/cel-js'
import { NOW_PARTS } from './cel-calendar.ts'
import { foldCall } from './cel-fold.ts'
import { FUNCTIONS } from './cel-functions.ts'
import { LITERAL_FUNCTIONS } from './cel-literal-functions.ts'
import { fieldFaults, isNamed, isTaken, recordFaults, suggestion, variableFaults } from './cel-names.ts'
import type { Naming } from './cel-names.ts'
import { vocabularyFaults } from './cel-vocabulary.ts'
import { childrenOf, comprehensionOf, isOperation, literalText, nodesOf, selectionOf } from './cel-syntax.ts'
import type { Comprehension } from './cel-syntax.ts'
import type { ObjectType } from './cel-type.ts'
import type { ConditionFault, ConditionScope } from './condition.ts'

/** Where a part stands. */
interface Place extends Naming {
  /** Whether a comprehension around goes over something whose length a caller may choose. */
  readonly isInLoop: boolean
}

type Faults = readonly ConditionFault[]

/** What is looked for most often comes first: it is what a suggestion lists. */
const COMMON = [
  'has',
  'within',
  'matches',
  'glob',
  'cidr',
  'size',
  'contains',
  'startsWith',
  'exists',
  'all',
  'duration',
]
const RARE = ['exists_one', 'map', 'filter', ...FUNCTIONS.keys(), ...LITERAL_FUNCTIONS.keys()]
const FUNCTION_NAMES: readonly string[] = [...new Set([...COMMON, ...RARE])]

/**
 * What is wrong with a condition beside its types: names and functions that conditions do not have, texts that must be
 * written out and are not or are wrong, words that what they are compared with never is, comprehensions inside of each
 * other whose lengths both come from a caller.
 */
export function languageFaults(tree: ASTNode, scope: ConditionScope, argsType: ObjectType): Faults {
  const place = { scope, argsType, variables: new Map<string, boolean>(), isInLoop: false }
  return [...faultsOf(tree, place), ...vocabularyFaults(tree)]
}

function faultsOf(node: ASTNode, place: Place): Faults {
  if (isOperation(node)) return inside(node.args, place)
  switch (node.op) {
    case 'value':
      return isOdd(node.args) ? [at(node, 'bytes and unsigned ints are not available in conditions')] : []
    case 'id':
      return variableFaults(node, node.args, place)
    case '.':
    case '[]':
      return accessFaults(node, place)
    case 'call':
      return node.args[0] === 'has'
        ? hasFaults(node, node.args[1], place)
        : callFaults(node, node.args[0], node.args[1], place)
    case 'rcall': {
      const comprehension = comprehensionOf(node)
      if (comprehension) return comprehensionFaults(comprehension, place)
      return callFaults(node, node.args[0], [node.args[1], ...node.args[2]], place)
    }
    case '.?':
    case '[?]':
    case 'list':
    case 'map':
    case '?:':
    case '&&':
    case '||':
    case '!_':
    case '-_':
      return inside(childrenOf(node), place)
  }
}

function inside(nodes: readonly ASTNode[], place: Place): Faults {
  return nodes.flatMap((node) => faultsOf(node, place))
}

function at(node: ASTNode, sentence: string): ConditionFault {
  return { offset: node.start, sentence }
}

function isOdd(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function accessFaults(node: ASTNode, place: Place): Faults {
  if (!isNamed(node, place)) return inside(childrenOf(node), place)
  const faults = fieldFaults(node, place)
  return faults.length > 0 ? faults : recordFaults(node)
}

function hasFaults(node: ASTNode, [field, ...more]: readonly ASTNode[], place: Place): Faults {
  if (field === undefined || more.length > 0 || selectionOf(field) === undefined)
    return [at(field ?? node, 'has takes a field, as in `has(args.path)`')]
  return isNamed(field, place) ? fieldFaults(field, place) : inside(childrenOf(field), place)
}

function callFaults(node: ASTNode, name: string, nodes: readonly ASTNode[], place: Place): Faults {
  if (!FUNCTION_NAMES.includes(name))
    return [at(node, `there is no function \`${name}\` in conditions: ${suggestion(name, FUNCTION_NAMES)}`)]
  if (name === 'split' && nodes.length > 2) return [at(node, 'split takes the separator, and nothing else')]
  const [first, last] = [nodes[0], nodes.at(-1)]
  const isClock = NOW_PARTS.has(name) && first?.op === 'id' && first.args === 'now'
  const own = nodes.length > 1 && last ? literalFaults(name, last) : foldFaults(node, name, nodes)
  return [...inside(isClock ? nodes.slice(1) : nodes, place), ...own]
}

function literalFaults(name: string, last: ASTNode): Faults {
  const read = LITERAL_FUNCTIONS.get(name)
  if (read === undefined) return []
  const text = literalText(last)
  if (text === undefined)
    return [
      at(
        last,
        `the last argument of ${name} must be a text that is written out: it is read when the policy is loaded`,
      ),
    ]
  const made = read(text)
  return 'problem' in made ? [at(last, `${name}: ${JSON.stringify(text.slice(0, 60))} ${made.problem}`)] : []
}

function foldFaults(node: ASTNode, name: string, nodes: readonly ASTNode[]): Faults {
  const folded = foldCall(name, nodes)
  const isError = typeof folded === 'object' && folded !== null && folded.kind === 'error'
  return isError ? [at(nodes[0] ?? node, `${name}: ${folded.sentence}`)] : []
}

function comprehensionFaults({ range, variable, body }: Comprehension, place: Place): Faults {
  const name = variable.op === 'id' ? variable.args : ''
  if (isTaken(name) || place.variables.has(name))
    return [at(variable, `\`${name}\` has a meaning here already: give the variable another name`)]
  const isLong = nodesOf(range).some((node) => isChosenByCaller(node, place))
  const nested = isLong && place.isInLoop ? [at(range, TOO_DEEP)] : []
  const within: Place = {
    ...place,
    variables: new Map(place.variables).set(name, isLong),
    isInLoop: place.isInLoop || isLong,
  }
  return [...nested, ...inside([range], place), ...inside(body, within)]
}

const TOO_DEEP =
  'this goes over arguments for each element of arguments, which takes the product of both lengths: only one of the two may come from arguments'

function isChosenByCaller(node: ASTNode, { variables }: Place): boolean {
  return (
    node.op === 'id' &&
    (node.args === 'args' || node.args === 'resource' || variables.get(node.args) === true)
  )
}
