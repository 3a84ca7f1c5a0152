import { hash } from 'node:crypto'

/**
 * Longest text written whole, in UTF-16 units; the texts for operators may be longer than names from strangers, and
 * arguments were bounded by who recorded them.
 */
const LONGEST = 256
const LONGEST_OF: ReadonlyMap<string, number> = new Map([
  ['exception', 1024],
  ['problem', 1024],
  ['arguments', 8192],
])

/**
 * What JSON leaves as it is and a terminal or a viewer may act on: DEL and C1 controls, zero-width and bidirectional
 * marks, line separators, byte order mark.
 */
const TRICKY = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** One JSON line, without its line break. Everything that could end or disguise a line is escaped. */
export function jsonLine(fields: Readonly<Record<string, unknown>>): string {
  const kept: Record<string, unknown> = {}
  for (const key of Object.keys(fields)) kept[key] = bounded(fields[key], LONGEST_OF.get(key) ?? LONGEST)
  return JSON.stringify(kept).replace(TRICKY, escaped)
}

function bounded(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return cut(value, longest)
  if (typeof value !== 'object' || value === null || fits(value, longest)) return value
  if (Array.isArray(value)) return value.map((item) => bounded(item, longest))
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bounded(inner, longest)]))
}

/** Most of what is written needs no copy. */
function fits(value: unknown, longest: number): boolean {
  if (typeof value === 'string') return value.length <= longest
  if (typeof value !== 'object' || value === null) return true
  for (const inner of Object.values(value)) if (!fits(inner, longest)) return false
  return true
}

/** A longer text keeps its beginning and gets its digest, so that two long names still differ. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  return `${text.slice(0, longest).toWellFormed()}…sha256:${hash('sha256', text)}`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
