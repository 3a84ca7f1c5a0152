import { createHash } from 'node:crypto'

/** Longest value written whole, in UTF-16 units; the texts for operators may be longer than names from strangers. */
const LONGEST = 256
const LONGEST_TEXT = 1024
const TEXTS: ReadonlySet<string> = new Set(['exception', 'problem'])

/**
 * What JSON leaves as it is and a terminal or a viewer may act on: DEL and C1 controls, zero-width and bidirectional
 * marks, line separators, byte order mark.
 */
const TRICKY = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** One JSON line, without its line break. Everything that could end or disguise a line is escaped. */
export function jsonLine(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, bounded).replace(TRICKY, escaped)
}

function bounded(key: string, value: unknown): unknown {
  return typeof value === 'string' ? cut(value, TEXTS.has(key) ? LONGEST_TEXT : LONGEST) : value
}

/** A longer text keeps its beginning and gets its digest, so that two long names still differ. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  const digest = createHash('sha256').update(text).digest('hex')
  return `${text.slice(0, longest).toWellFormed()}…sha256:${digest}`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
