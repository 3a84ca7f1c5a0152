import { spend, spendText, TOO_MUCH } from './cel-budget.ts'
import type { Budget } from './cel-budget.ts'
import type { Outcome, Value } from './cel-value.ts'
import { linearIndexOf } from './linear-search.ts'

/** A function of one text and others, which are charged by their lengths before it runs. */
type OnText = (budget: Budget, text: string, ...others: readonly string[]) => Outcome

/** Functions of texts. Everywhere a text is UTF-16 units compared as they are; only `size` counts code points. */
export const TEXT_FUNCTIONS: ReadonlyMap<string, OnText> = new Map<string, OnText>([
  ['contains', (_budget, text, part = '') => linearIndexOf(text, part) !== -1],
  ['startsWith', (_budget, text, part = '') => text.startsWith(part)],
  ['endsWith', (_budget, text, part = '') => text.endsWith(part)],
  ['lowerAscii', (budget, text) => replaced(budget, text, /[A-Z]+/g, (letters) => letters.toLowerCase())],
  ['upperAscii', (budget, text) => replaced(budget, text, /[a-z]+/g, (letters) => letters.toUpperCase())],
  ['trim', (_budget, text) => text.trim()],
  ['size', (_budget, text) => BigInt(codePoints(text))],
  ['split', split],
])

/** Applies one of them to what must all be texts; `undefined` where something is none. */
export function applyText(budget: Budget, apply: OnText, values: readonly Value[]): Outcome | undefined {
  const texts = values.filter((value) => typeof value === 'string')
  const [text] = texts
  if (text === undefined || texts.length < values.length) return undefined
  const characters = texts.reduce((sum, { length }) => sum + length, 0)
  return spendText(budget, characters) ? apply(budget, text, ...texts.slice(1)) : TOO_MUCH
}

/** Each letter may be a piece of its own, which costs more than a character. */
function replaced(budget: Budget, text: string, pattern: RegExp, by: (letters: string) => string): Outcome {
  return spend(budget, text.length / 8) ? text.replaceAll(pattern, by) : TOO_MUCH
}

function split(budget: Budget, text: string, separator = ''): Outcome {
  if (separator === '')
    return spend(budget, text.length) ? { kind: 'list', items: Array.from(text) } : TOO_MUCH
  const items: string[] = []
  let from = 0
  for (let at = linearIndexOf(text, separator); at !== -1; at = linearIndexOf(text, separator, from)) {
    if (!spend(budget, 1)) return TOO_MUCH
    items.push(text.slice(from, at))
    from = at + separator.length
  }
  return { kind: 'list', items: [...items, text.slice(from)] }
}

function codePoints(text: string): number {
  let count = text.length
  for (let at = 1; at < text.length; at += 1) if (isPair(text, at)) count -= 1
  return count
}

function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at - 1)
  const low = text.charCodeAt(at)
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000
}
