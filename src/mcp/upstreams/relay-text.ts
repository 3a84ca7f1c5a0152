import { stripHidden } from './visible-text.ts'

/** Of words that a person is to read. */
const LONGEST = 4096

/** Line ends and tabs, which strangers' words are not given: they would begin a line that looks like somebody else's. */
const BREAKS = /[\s\u0085]+/g

/**
 * Words of an upstream, as a person may be shown them: one line, without what is hidden or moves other words, bounded.
 */
export function oneLineOf(text: string, longest: number = LONGEST): string {
  const begun = stripHidden(text.slice(0, longest * 2).replaceAll(BREAKS, ' '))
  return begun.slice(0, longest).toWellFormed()
}

/** The same, saying first whose words they are. */
export function saidBy(upstream: string, text: string): string {
  return `[${upstream} asks] ${oneLineOf(text).trim()}`
}
