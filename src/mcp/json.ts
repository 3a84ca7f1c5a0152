/** Why a text was not taken as JSON. */
export type JsonProblem = 'malformed' | 'too_deep' | 'too_many' | 'duplicate_key' | 'forbidden_key'

/** A parsed value, or why there is none. */
export type ParsedJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: JsonProblem }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Values in one text: so few that the parser never keeps others waiting for long, however short they are. */
const MOST_VALUES = 200_000

/**
 * Parses JSON (RFC 8259) so that nobody downstream can read it differently: nesting and the number of values are bounded,
 * and a key that occurs twice in one object, or is `__proto__`, is refused instead of resolved.
 *
 * Pure; linear in the length of the text.
 */
export function parseJson(text: string, deepest: number): ParsedJson {
  const problem = sizeProblem(text, deepest)
  if (problem !== undefined) return { kind: 'problem', problem }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'problem', problem: 'malformed' }
  }
  const keys = keyProblem(text)
  return keys === undefined ? { kind: 'value', value } : { kind: 'problem', problem: keys }
}

/** Runs before the parser, on any text: a closing bracket too many is the parser's to find. */
function sizeProblem(text: string, deepest: number): JsonProblem | undefined {
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (++depth > deepest) return 'too_deep'
      values++
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--
    else if (code === COMMA) values++
    if (values > MOST_VALUES) return 'too_many'
  }
  return undefined
}

/** Runs after the parser: the text is known to be JSON, so a string that follows `{` or a `,` of an object is a key. */
function keyProblem(text: string): JsonProblem | undefined {
  const open: (Set<string> | undefined)[] = []
  let keyMayFollow = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      const keys = open.at(-1)
      if (keyMayFollow && keys !== undefined) {
        const key = keyOf(text.slice(at, end + 1))
        if (key === '__proto__') return 'forbidden_key'
        if (keys.has(key)) return 'duplicate_key'
        keys.add(key)
        keyMayFollow = false
      }
      at = end
    } else if (code === OPEN_OBJECT) {
      open.push(new Set())
      keyMayFollow = true
    } else if (code === OPEN_ARRAY) {
      open.push(undefined)
      keyMayFollow = false
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) open.pop()
    else if (code === COMMA) keyMayFollow = open.at(-1) !== undefined
  }
  return undefined
}

/** The index of the closing quote, or the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at
  }
  return text.length
}

/** Escapes are resolved: `"\u0061"` and `"a"` are one key. */
function keyOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1)
}
