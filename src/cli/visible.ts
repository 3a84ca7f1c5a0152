/** Controls but tab and line feed, and marks that are invisible or turn the direction of text. */
const TRICKY = /(?![\t\n])\p{Cc}|[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/**
 * The words of others, for a terminal. What could move the cursor, change what was shown before or hide something is
 * shown as an escape; `--json` gives the words as they are.
 */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(TRICKY, escaped)
}

/** The same where one line is one thing said: what others put in it begins no line of its own. */
export function visibleLine(text: string): string {
  return visible(text)
    .replaceAll('\t', String.raw`\t`)
    .replaceAll('\n', String.raw`\n`)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
