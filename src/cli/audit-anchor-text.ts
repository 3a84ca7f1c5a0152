import { anchorText } from '../audit/anchor.ts'
import type { OutgoingLine } from '../audit/mirror.ts'

/** The anchor that a line is; the line itself if it is no checkpoint, which no anchor is given. */
export function anchorOf({ writer, written: { event, at, line } }: OutgoingLine): string {
  return event.event === 'audit.checkpoint' ? anchorText(writer, event, at) : line
}
