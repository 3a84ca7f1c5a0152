/** A value in a JSON text, and where it stands. */
export interface JsonNode {
  /** Of its first character, and after its last. */
  readonly start: number
  readonly end: number
  readonly value: unknown
  /** Of an object. */
  readonly members?: readonly JsonMember[]
}

/** A member of an object. */
export interface JsonMember {
  readonly name: string
  /** Of the name. */
  readonly start: number
  readonly node: JsonNode
  /** Where the comma after it stands, if there is one. */
  readonly comma: number | undefined
}

/** A text is no JSON. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError'
}

/** Deeper JSON is no configuration. */
const DEEPEST = 100
const SCALAR = /-?[0-9][0-9.eE+-]*|true|false|null/y
const STRING = /"(?:[^"\\]|\\.)*"/y
/** White space, comments of both kinds, and a byte order mark. */
const GAP = /(?:[\s\ufeff]|\/\/[^\r\n]*|\/\*[^]*?\*\/)*/y

/**
 * Reads JSON as editors write it, with comments and trailing commas, keeping where everything stands.
 *
 * @returns the value; `undefined` for a text that has none
 * @throws JsonTextError with the line and what is wrong in it
 */
export function readJsonText(text: string): JsonNode | undefined {
  const first = afterGap(text, 0)
  if (first === text.length) return undefined
  const node = readValue(text, first, 0)
  const rest = afterGap(text, node.end)
  if (rest < text.length) throw wrong(text, rest, 'the end')
  return node
}

/** Where the next thing stands that is neither white space nor comment. */
function afterGap(text: string, at: number): number {
  GAP.lastIndex = at
  return at + (GAP.exec(text)?.[0].length ?? 0)
}

function readValue(text: string, at: number, depth: number): JsonNode {
  if (depth > DEEPEST) throw wrong(text, at, 'less depth')
  if (text[at] === '{') return readObject(text, at, depth)
  if (text[at] === '[') return readList(text, at, depth)
  const token = tokenAt(STRING, text, at) ?? tokenAt(SCALAR, text, at)
  if (token === undefined) throw wrong(text, at, 'a value')
  return { start: at, end: at + token.length, value: parsed(text, at, token) }
}

function readObject(text: string, start: number, depth: number): JsonNode {
  const members: JsonMember[] = []
  let at = afterGap(text, start + 1)
  while (text[at] !== '}') {
    if (members.length > 0 && members.at(-1)?.comma === undefined) throw wrong(text, at, '"," or "}"')
    const token = tokenAt(STRING, text, at)
    if (token === undefined) throw wrong(text, at, 'a name in quotes')
    const colon = afterGap(text, at + token.length)
    if (text[colon] !== ':') throw wrong(text, colon, '":"')
    const node = readValue(text, afterGap(text, colon + 1), depth + 1)
    const after = afterGap(text, node.end)
    const comma = text[after] === ',' ? after : undefined
    members.push({ name: String(parsed(text, at, token)), start: at, node, comma })
    at = afterGap(text, comma === undefined ? after : comma + 1)
  }
  const value = Object.fromEntries(members.map(({ name, node }) => [name, node.value]))
  return { start, end: at + 1, value, members }
}

function readList(text: string, start: number, depth: number): JsonNode {
  const value: unknown[] = []
  let at = afterGap(text, start + 1)
  let isNext = true
  while (text[at] !== ']') {
    if (!isNext) throw wrong(text, at, '"," or "]"')
    const node = readValue(text, at, depth + 1)
    value.push(node.value)
    at = afterGap(text, node.end)
    isNext = text[at] === ','
    if (isNext) at = afterGap(text, at + 1)
  }
  return { start, end: at + 1, value }
}

function tokenAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function parsed(text: string, at: number, token: string): unknown {
  try {
    return JSON.parse(token)
  } catch {
    throw wrong(text, at, 'a value')
  }
}

function wrong(text: string, at: number, expected: string): JsonTextError {
  const before = text.slice(0, at).split('\n')
  return new JsonTextError(
    `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: expected ${expected}`,
  )
}
