import { JsonTextError, readJsonText, type JsonMember, type JsonNode } from './json-text.ts'

/** Names that lead to a member, from the outermost object. */
export type JsonPath = readonly [section: string, name: string]

/**
 * The value of a member of a section; `undefined` if there is none.
 *
 * @throws JsonTextError if the text, or what stands there, is not as expected
 */
export function memberIn(text: string, [section, name]: JsonPath): unknown {
  const outer = memberOf(rootOf(text), section)?.node
  return outer === undefined ? undefined : memberOf(objectIn(outer, section), name)?.node.value
}

/**
 * The text with a member set: replaced where it stands, or added as the last of its section. Everything else stays as it
 * is, comments and white space included.
 *
 * @throws JsonTextError
 */
export function withMember(text: string, [section, name]: JsonPath, value: unknown): string {
  const root = rootOf(text)
  if (root === undefined) return `${text}${JSON.stringify({ [section]: { [name]: value } }, null, 2)}\n`
  const style = styleOf(text, root)
  const outer = memberOf(root, section)
  if (outer === undefined) return added(text, root, 0, { name: section, value: { [name]: value }, style })
  const object = objectIn(outer.node, section)
  const old = memberOf(object, name)
  if (old === undefined) return added(text, object, 1, { name, value, style })
  return text.slice(0, old.node.start) + written(value, 2, style) + text.slice(old.node.end)
}

/**
 * The text without a member of a section; as it is if there is none.
 *
 * @throws JsonTextError
 */
export function withoutMember(text: string, [section, name]: JsonPath): string {
  const outer = memberOf(rootOf(text), section)
  const { members = [] } = outer === undefined ? {} : objectIn(outer.node, section)
  const at = members.findIndex((member) => member.name === name)
  const member = members[at]
  if (member === undefined) return text
  const from = lineBefore(text, member.start)
  const rest = text.slice(member.comma === undefined ? member.node.end : member.comma + 1)
  // The last of a list without a comma at its end leaves none there.
  const before = member.comma === undefined ? members[at - 1]?.comma : undefined
  const head =
    before === undefined ? text.slice(0, from) : text.slice(0, before) + text.slice(before + 1, from)
  return head + rest
}

/** How a text is laid out. */
interface Style {
  readonly indent: string
  readonly lineEnd: string
}

function rootOf(text: string): JsonNode | undefined {
  const root = readJsonText(text)
  return root === undefined ? undefined : objectIn(root, 'the file')
}

function objectIn(node: JsonNode, what: string): JsonNode {
  if (node.members === undefined) throw new JsonTextError(`${what} is not an object ({ … })`)
  return node
}

function memberOf(node: JsonNode | undefined, name: string): JsonMember | undefined {
  const found = node?.members?.filter((member) => member.name === name) ?? []
  if (found.length > 1) throw new JsonTextError(`there are several "${name}" in one object`)
  return found[0]
}

/** As the first member is indented; by two spaces where there is none on a line of its own. */
function styleOf(text: string, { members = [] }: JsonNode): Style {
  const lead = /(?:^|\n)([ \t]+)$/.exec(text.slice(0, members[0]?.start ?? 0))?.[1]
  return { indent: lead ?? '  ', lineEnd: text.includes('\r\n') ? '\r\n' : '\n' }
}

function written(value: unknown, depth: number, { indent, lineEnd }: Style): string {
  return JSON.stringify(value, null, indent).replaceAll('\n', lineEnd + indent.repeat(depth))
}

interface Added {
  readonly name: string
  readonly value: unknown
  readonly style: Style
}

/** Puts a member behind the last one and behind what is said about that one, on lines of its own. */
function added(text: string, object: JsonNode, depth: number, { name, value, style }: Added): string {
  const { indent, lineEnd } = style
  const last = object.members?.at(-1)
  const isListed = last === undefined || last.comma !== undefined
  const close = object.end - 1
  const end = text.slice(0, close).trimEnd().length
  const kept =
    last === undefined || isListed
      ? text.slice(0, end)
      : `${text.slice(0, last.node.end)},${text.slice(last.node.end, end)}`
  const member = `${lineEnd}${indent.repeat(depth + 1)}${JSON.stringify(name)}: ${written(value, depth + 1, style)}`
  const gap = text.slice(end, close)
  const tail = gap.includes('\n') ? gap : `${lineEnd}${indent.repeat(depth)}`
  return kept + member + (last?.comma === undefined ? '' : ',') + tail + text.slice(close)
}

/** Where the white space before a place begins, its line end included, if nothing else stands before it on its line. */
function lineBefore(text: string, at: number): number {
  const gap = /(?:\r?\n)?[ \t]*$/.exec(text.slice(0, at))?.[0] ?? ''
  return at - gap.length
}
