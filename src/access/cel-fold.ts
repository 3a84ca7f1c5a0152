import type { ASTNode } from '@marcbachmann/cel-js'
import { wholeBudget } from './cel-budget.ts'
import { FUNCTIONS } from './cel-functions.ts'
import { LITERAL_FUNCTIONS } from './cel-literal-functions.ts'
import type { Outcome } from './cel-value.ts'

/** What a function of values that are all written out comes to, once and for all: `duration("5m")`. */
export function foldCall(name: string, nodes: readonly ASTNode[]): Outcome | undefined {
  if (nodes.length === 0 || !nodes.every(({ op }) => op === 'value') || LITERAL_FUNCTIONS.has(name))
    return undefined
  const values = nodes.map(({ args }) => args).filter(isScalar)
  return values.length === nodes.length ? FUNCTIONS.get(name)?.(wholeBudget(), values) : undefined
}

/** Whether what the parser found written out is a value of conditions. */
export function isScalar(value: unknown): value is string | bigint | number | boolean | null {
  return value === null || ['string', 'bigint', 'number', 'boolean'].includes(typeof value)
}
