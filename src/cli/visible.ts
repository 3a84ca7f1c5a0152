import { showHidden, unicodeEscape } from '../mcp/upstreams/visible-text.ts'

/**
 * The words of others, for a terminal. What could move the cursor, change what was shown before or hide something is
 * shown as an escape; `--json` gives the words as they are.
 */
export function visible(text: string): string {
  return showHidden(text.replaceAll('\r\n', '\n'), unicodeEscape)
}

/** The same where one line is one thing said: what others put in it begins no line of its own. */
export function visibleLine(text: string): string {
  return visible(text)
    .replaceAll('\t', String.raw`\t`)
    .replaceAll('\n', String.raw`\n`)
}
