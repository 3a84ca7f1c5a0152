import type { Scalar } from 'yaml'

/**
 * Where in a YAML text one character of a scalar's value stands: quotes, escapes, indentation and folded lines are
 * walked over. The start of the scalar where that cannot be followed.
 *
 * @param offset in UTF-16 units from the start of the value
 */
export function offsetInScalar(text: string, scalar: Scalar, offset: number): number {
  const [start = 0] = scalar.range ?? []
  const value = typeof scalar.value === 'string' ? scalar.value : ''
  const style = styleOf(text, scalar)
  let at: number | undefined = style?.begin(text, start)
  for (let index = 0; index < Math.min(offset, value.length) && at !== undefined; index++)
    at = style?.step(text, at, value, index)
  return at ?? start
}

/** How the value of a scalar is written. */
interface Style {
  /** Where its first character stands. */
  begin(text: string, start: number): number | undefined
  /** Where the next character stands, after the one at `at`, which is that of `index`; nothing if it is another. */
  step(text: string, at: number, value: string, index: number): number | undefined
}

function styleOf(text: string, scalar: Scalar): Style | undefined {
  const { type } = scalar
  if (type === 'PLAIN') return { begin: (_, start) => start, step: flowStep }
  if (type === 'QUOTE_SINGLE') return { begin: (_, start) => start + 1, step: singleStep }
  if (type === 'QUOTE_DOUBLE')
    return { begin: (_, start) => afterEscapedBreaks(text, start + 1), step: doubleStep }
  return type === undefined ? undefined : blockStyle(text, scalar)
}

function flowStep(text: string, at: number, value: string, index: number): number | undefined {
  const character = value[index]
  const folded = character === ' ' || character === '\n' ? afterBreak(text, at, value, index) : undefined
  return folded ?? (text[at] === character ? at + 1 : undefined)
}

function singleStep(text: string, at: number, value: string, index: number): number | undefined {
  return text.startsWith("''", at) && value[index] === "'" ? at + 2 : flowStep(text, at, value, index)
}

const ESCAPE = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[^])/y

function doubleStep(text: string, at: number, value: string, index: number): number | undefined {
  ESCAPE.lastIndex = at
  const after = ESCAPE.test(text) ? ESCAPE.lastIndex : flowStep(text, at, value, index)
  return after === undefined ? undefined : afterEscapedBreaks(text, after)
}

/** A line break that is escaped stands for nothing: the next character comes after it. */
function afterEscapedBreaks(text: string, at: number): number {
  const breaks = /(?:\\\r?\n[ \t]*)*/y
  breaks.lastIndex = at
  return breaks.test(text) ? breaks.lastIndex : at
}

/** Over a line break and the spaces around it, and over further ones unless the value has them, too. */
function afterBreak(text: string, at: number, value: string, index: number): number | undefined {
  const gap = /[ \t]*\r?\n[ \t]*/y
  gap.lastIndex = at
  if (!gap.test(text)) return undefined
  let after = gap.lastIndex
  while (value[index + 1] !== '\n' && gap.test(text)) after = gap.lastIndex
  return after
}

function blockStyle(text: string, scalar: Scalar): Style | undefined {
  const [start = 0, end = start] = scalar.range ?? []
  const header = text.indexOf('\n', start) + 1
  const [, indent] = /^(?:[ \t]*\r?\n)*( +)\S/.exec(text.slice(header, end)) ?? []
  if (indent === undefined || /\d/.test(text.slice(start, header).split('#')[0] ?? '')) return undefined
  const afterIndent = (at: number): number => (text.startsWith(indent, at) ? at + indent.length : at)
  return {
    begin: () => afterIndent(header),
    step(_, at, value, index) {
      const character = value[index]
      const feed = text.startsWith('\r\n', at) ? at + 1 : at
      if (text[feed] !== '\n') return text[at] === character ? at + 1 : undefined
      if (character !== '\n' && character !== ' ') return undefined
      let after = afterIndent(feed + 1)
      while (text[after] === '\n' && value[index + 1] !== '\n') after = afterIndent(after + 1)
      return after
    },
  }
}
