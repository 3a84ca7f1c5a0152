import { html, type Html } from './html.ts'

/**
 * What cannot be seen, looks like a space, or moves or turns what stands beside it; and marks beyond the third on one
 * letter, which pile up over the lines around it.
 */
const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]|(?<=\p{M}{3})\p{M}/gu
/** Scripts that are written from right to left. */
const TURNING = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** A text that looks like nothing but itself: what would not be seen is written as its escape, as JSON has it. */
export function exactText(text: string): string {
  return text.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, at) => escape(character.charCodeAt(at))).join(''),
  )
}

/** Deeper is not set in further: a page is no wider than its reader's. */
const DEEPEST = 12

/** JSON without white space, set in lines for people; otherwise as it stands, but for {@link exactText}. */
export function exactJson(json: string): string {
  let depth = 0
  return exactText(json).replace(TOKEN, (token) => {
    if (token === ',') return `,${line(depth)}`
    if (token === ':') return ': '
    if (token === '{' || token === '[') return token + line(++depth)
    if (token === '}' || token === ']') return line(--depth) + token
    return token
  })
}

/** {@link exactJson} as markup: a text that is written from right to left moves nothing but itself. */
export function exactArguments(json: string): readonly Html[] {
  const shown = exactJson(json)
  if (!TURNING.test(shown)) return [html`${shown}`]
  return shown
    .split(TEXT)
    .map((piece) => (TURNING.test(piece) ? html`<bdi dir="ltr">${piece}</bdi>` : html`${piece}`))
}

const TEXT = /("(?:[^"\\]|\\.)*")/u

/** A text whole, what is empty, or one character. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\{\}|\[\]|./gu

function line(depth: number): string {
  return `\n${'  '.repeat(Math.min(depth, DEEPEST))}`
}

function escape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
