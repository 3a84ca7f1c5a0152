import type { ASTNode } from '@marcbachmann/cel-js'

/** An operator between two values, both of which it needs. */
export type BinaryOperator = (typeof OPERATORS)[number]

const OPERATORS = ['!=', '==', 'in', '+', '-', '*', '/', '%', '<', '<=', '>', '>='] as const

/** Two values with an operator between them. */
export type Operation = Extract<ASTNode, { readonly op: BinaryOperator }>

/** A field by its name: `a.b`, `a["b"]`. */
export interface Selection {
  readonly object: ASTNode
  readonly field: string
}

/** `list.exists(x, x > 1)` and the like. */
export interface Comprehension {
  readonly name: ComprehensionName
  readonly range: ASTNode
  readonly variable: ASTNode
  /** What is asked or made of each element: of `map` with three arguments first the filter. */
  readonly body: readonly ASTNode[]
}

/** What a comprehension asks or makes, by the name of its macro in CEL. */
export type ComprehensionName = 'all' | 'exists' | 'exists_one' | 'map' | 'filter'

const COMPREHENSIONS: readonly string[] = [
  'all',
  'exists',
  'exists_one',
  'map',
  'filter',
] satisfies ComprehensionName[]

/** Whether a node is two values with an operator between them. */
export function isOperation(node: ASTNode): node is Operation {
  return OPERATORS.some((operator) => operator === node.op)
}

/** The field that a node reads, where its name is written out. */
export function selectionOf(node: ASTNode): Selection | undefined {
  if (node.op === '.') return { object: node.args[0], field: node.args[1] }
  if (node.op !== '[]') return undefined
  const field = literalText(node.args[1])
  return field === undefined ? undefined : { object: node.args[0], field }
}

/** A text that is written out. */
export function literalText(node: ASTNode | undefined): string | undefined {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

/** The names from a variable on, as in `auth.certificate.uri`; `undefined` for what begins otherwise. */
export function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return [node.args]
  const selection = selectionOf(node)
  const path = selection && pathOf(selection.object)
  return selection && path && [...path, selection.field]
}

/** The comprehension that a node is. */
export function comprehensionOf(node: ASTNode): Comprehension | undefined {
  if (node.op !== 'rcall' || !isComprehension(node.args[0])) return undefined
  const [name, range, [variable, ...body]] = node.args
  const isWhole = body.length === 1 || (name === 'map' && body.length === 2)
  return variable && isWhole && isComprehension(name) ? { name, range, variable, body } : undefined
}

function isComprehension(name: string): name is ComprehensionName {
  return COMPREHENSIONS.includes(name)
}

/** The parts of a node, in the order of the text. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  if (isOperation(node)) return node.args
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'list':
      return node.args
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    case '[]':
    case '[?]':
    case '?:':
    case '&&':
    case '||':
      return node.args
  }
}

/** Every node, from the outermost on. */
export function nodesOf(node: ASTNode): readonly ASTNode[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)]
}
