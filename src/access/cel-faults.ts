import { ParseError, TypeError } from '@marcbachmann/cel-js'
import type { ConditionFault } from './condition.ts'

/** What the library says, in words for whoever writes a policy; of what is not here its own words are good enough. */
const WORDS: readonly (readonly [RegExp, (...found: readonly string[]) => string])[] = [
  [
    /^no such overload: (\S+) (\S+) (.+)$/,
    (left, operator, right) =>
      `"${operator}" cannot stand between ${left} and ${right}${hint(operator, left, right)}`,
  ],
  [/^no such overload: ([!-])(.+)$/, (operator, type) => `"${operator}" cannot stand before ${type}`],
  [/^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/, noOverload],
  [/^No such key: (.+)$/, (key) => `there is no field \`${key}\` there`],
  [
    /^Logical operator requires bool operands, got '(.+)'$/,
    (type) => `"&&" and "||" join bools, and there is a part that is ${type}`,
  ],
  [
    /^Ternary condition must be bool, got '(.+)'$/,
    (type) => `what stands before "?" must be a bool, and this is ${type}`,
  ],
  [/^Unexpected token: EOF$/, () => 'something is missing at the end'],
  [/^Unexpected character: '?=.*$/, () => '"=" means nothing here: write "==" to compare'],
  [
    /^Unexpected character: (?:'[a-z]'|[&|])$/i,
    () =>
      'an operator is missing here, or is no operator: write "&&", "||" and "!", and a length of time as duration("5m")',
  ],
  [/^Exceeded maxAstNodes \((\d+)\)$/, (most) => `it has more than ${most} parts: write several rules`],
  [/^Exceeded maxDepth \((\d+)\)$/, (most) => `it is nested deeper than ${most}`],
]

/** The names of the library, and ours. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/google\.protobuf\.Duration/g, 'duration'],
  [/google\.protobuf\.Timestamp/g, 'timestamp'],
  [/args\.object\d+/g, 'object'],
]

/** Says where and what an error of the library is. Another error is a fault of ours, and goes on. */
export function faultOf(error: unknown): ConditionFault {
  if (!(error instanceof ParseError) && !(error instanceof TypeError)) throw error
  return { offset: error.range?.start ?? 0, sentence: sentenceOf(error.summary) }
}

function sentenceOf(summary: string): string {
  const plain = TYPES.reduce((text, [name, own]) => text.replaceAll(name, own), summary)
  for (const [pattern, words] of WORDS) {
    const found = pattern.exec(plain)
    if (found !== null) return words(...found.slice(1).map((group) => group ?? ''))
  }
  return plain.charAt(0).toLowerCase() + plain.slice(1)
}

function hint(operator = '', left = '', right = ''): string {
  const types = new Set([left, right])
  if (types.has('int') && types.has('double')) return ': write a double with a point, as in 1.0'
  if (types.has('object'))
    return operator === 'in' ? ': ask has(...) for one of its fields' : ': compare their fields'
  return types.has('null') ? ': only what may be anything is compared with null; ask has(...)' : ''
}

function noOverload(receiver = '', name = '', values = ''): string {
  const of = receiver === '' ? name : `${name} of ${receiver}`
  return values === '' ? `${of} takes something between its brackets` : `${of} does not take ${values}`
}
