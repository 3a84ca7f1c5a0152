import type { ASTNode } from '@marcbachmann/cel-js'
import { compilePart } from './cel-compile.ts'
import type { Surroundings } from './cel-compile.ts'
import { begin } from './cel-run.ts'
import { childrenOf, comprehensionOf, pathOf } from './cel-syntax.ts'
import { valueText } from './cel-value-text.ts'
import type { ConditionStep, Facts } from './condition.ts'

/** Most characters of the source of a step, and of its value. */
const WIDEST = 120

/**
 * What each part of a condition came to: everything that `&&`, `||` and `!` join, and after each the variables in it,
 * once. Each part is evaluated for itself, also where the whole was decided without it. Variables of comprehensions
 * have no one value and are left out.
 */
export function traceOf(
  source: string,
  tree: ASTNode,
  around: Surroundings,
  facts: Facts,
): readonly ConditionStep[] {
  const nodes = leavesOf(tree).flatMap((leaf) => [[leaf], variablesOf(leaf, new Set())].flat())
  const steps = nodes.map((node) => ({
    source: lineOf(textOf(node, source)),
    value: valueText(compilePart(node, around)(begin(facts)), WIDEST),
  }))
  return [...new Map(steps.map((step) => [step.source, step])).values()]
}

function leavesOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === '&&' || node.op === '||') return node.args.flatMap(leavesOf)
  return node.op === '!_' ? leavesOf(node.args) : [node]
}

/** The longest selections from a variable on: `args.amount`, and not `args`; and what is read off the clock. */
function variablesOf(node: ASTNode, hidden: ReadonlySet<string>): readonly ASTNode[] {
  if (isReadOffClock(node)) return [node]
  const [root, ...fields] = pathOf(node) ?? []
  if (root !== undefined)
    return hidden.has(root) || (fields.length === 0 && root !== 'resource') ? [] : [node]
  const comprehension = comprehensionOf(node)
  if (comprehension === undefined) return childrenOf(node).flatMap((child) => variablesOf(child, hidden))
  const { range, variable, body } = comprehension
  const inner = new Set([...hidden, variable.op === 'id' ? variable.args : ''])
  return [...variablesOf(range, hidden), ...body.flatMap((part) => variablesOf(part, inner))]
}

/** `now.hour("Europe/Berlin")` is as good as a variable: its value is what somebody wants to know. */
function isReadOffClock(node: ASTNode): boolean {
  if (node.op !== 'rcall') return false
  const [, receiver, given] = node.args
  return pathOf(receiver)?.[0] === 'now' && given.every(({ op }) => op === 'value')
}

/** The library leaves out the parentheses around a part, also where they open or close inside of it. */
function textOf({ start, end }: ASTNode, source: string): string {
  const { opened, closed } = unpaired(source.slice(start, end))
  let [from, to] = [start, end]
  for (let left = closed; left > 0; left -= 1) from = Math.max(0, source.lastIndexOf('(', from - 1))
  for (let left = opened; left > 0; left -= 1) to = source.indexOf(')', to) + 1 || source.length
  return source.slice(from, to)
}

/** How many parentheses have no partner, outside of texts. */
function unpaired(text: string): { readonly opened: number; readonly closed: number } {
  let [opened, closed] = [0, 0]
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[()]/g)) {
    if (token === '(') opened += 1
    else if (token === ')' && opened > 0) opened -= 1
    else if (token === ')') closed += 1
  }
  return { opened, closed }
}

function lineOf(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > WIDEST ? `${line.slice(0, WIDEST - 1)}…` : line
}
