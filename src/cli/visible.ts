import { showHidden } from '../mcp/upstreams/visible-text.ts'

/**
 * The words of others, for a terminal. What could move the cursor, change what was shown before or hide something is
 * shown as an escape; `--json` gives the words as they are.
 */
export function visible(text: string): string {
  return showHidden(text.replaceAll('\r\n', '\n'), escaped)
}

/** The same where one line is one thing said: what others put in it begins no line of its own. */
export function visibleLine(text: string): string {
  return visible(text)
    .replaceAll('\t', String.raw`\t`)
    .replaceAll('\n', String.raw`\n`)
}

/** As JSON would have it: each half of a character by itself. */
function escaped(character: string): string {
  return character
    .split('')
    .map((half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
