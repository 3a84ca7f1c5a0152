import type { Signed } from './checkpoint.ts'
import type { Checkpoint } from './event.ts'
import { objectIn } from './read-link.ts'

/** A checkpoint that is kept elsewhere, and where. */
export interface Anchor extends Signed {
  /** For people: the file and line, or the stream. */
  readonly place: string
}

/** Only what {@link anchorText} makes; whatever stands around it is of whoever carried it, as a syslog server. */
const ANCHOR = /\{"anchor":1,[^{}]*\}/

/**
 * The text of an anchor, on one line.
 *
 * @param at ms since the epoch, of the checkpoint's line
 */
export function anchorText(
  writer: string,
  { through, head, key, signature }: Checkpoint,
  at: number,
): string {
  return JSON.stringify({ anchor: 1, writer, through, head, at: new Date(at).toISOString(), key, signature })
}

/** Finds the anchor in a line; `undefined` if there is none. Its signature is not checked here. */
export function anchorIn(line: string, place: string): Anchor | undefined {
  const fields = objectIn(ANCHOR.exec(line)?.[0] ?? '')
  const { writer, through, head, at, key, signature } = fields ?? {}
  const time = typeof at === 'string' ? Date.parse(at) : Number.NaN
  if (typeof writer !== 'string' || typeof through !== 'number' || Number.isNaN(time)) return undefined
  if (typeof head !== 'string' || typeof key !== 'string' || typeof signature !== 'string') return undefined
  return { writer, through, head, at: time, key, signature, place }
}
