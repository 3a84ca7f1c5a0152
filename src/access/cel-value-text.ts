import { elementOf, entryOf, keysOf } from './cel-collection.ts'
import { isDictionary, isFailure, isList } from './cel-value.ts'
import type { Outcome } from './cel-value.ts'

/** What may not stand in a line for people: controls, what changes the direction of text, what cannot be seen, halves of pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu
/** Elements of a collection that are written at most, and how deep. */
const ELEMENTS = 8
const DEPTH = 4

/**
 * Writes what a part came to: a value as JSON, `not known here`, or the error. One line of at most `widest` characters,
 * whatever a stranger put into it.
 */
export function valueText(outcome: Outcome, widest: number): string {
  const text = textOf(outcome, widest, 0).replaceAll(UNSEEN, escaped)
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text
}

function textOf(outcome: Outcome | undefined, widest: number, depth: number): string {
  if (outcome === undefined || outcome === null) return 'null'
  if (typeof outcome === 'string') return JSON.stringify(outcome.slice(0, widest))
  if (typeof outcome !== 'object') return String(outcome)
  if (isFailure(outcome)) return outcome.kind === 'unknown' ? 'not known here' : `error: ${outcome.sentence}`
  if (isList(outcome))
    return `[${some(outcome.items, depth, (_item, at) => textOf(elementOf(outcome, at), widest, depth + 1))}]`
  if (isDictionary(outcome)) {
    const entry = (key: string | bigint | boolean): string =>
      `${JSON.stringify(String(key).slice(0, widest))}:${textOf(entryOf(outcome, key), widest, depth + 1)}`
    return `{${some(keysOf(outcome), depth, entry)}}`
  }
  return outcome.kind === 'type' ? outcome.name : timeText(outcome.kind, outcome.nanoseconds)
}

function some<T>(items: readonly T[], depth: number, write: (item: T, at: number) => string): string {
  if (depth >= DEPTH && items.length > 0) return '…'
  const written = items.slice(0, ELEMENTS).map(write)
  return [...written, ...(items.length > ELEMENTS ? ['…'] : [])].join(',')
}

function timeText(kind: 'duration' | 'timestamp', nanoseconds: bigint): string {
  const milliseconds = Number(nanoseconds / 1_000_000n)
  if (kind === 'duration') return `"${spanText(milliseconds)}"`
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? '"out of range"' : `"${date.toISOString()}"`
}

/** As `duration` reads it: `1h30m`, `45s`, `0.25s`. */
function spanText(ms: number): string {
  const left = Math.abs(ms)
  const parts = [
    [Math.floor(left / 3_600_000), 'h'],
    [Math.floor(left / 60_000) % 60, 'm'],
    [(left % 60_000) / 1000, 's'],
  ] as const
  const written = parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count}${unit}`])).join('')
  return `${ms < 0 ? '-' : ''}${written === '' ? '0s' : written}`
}

function escaped(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
  return units.map((unit) => `\\u${unit}`).join('')
}
