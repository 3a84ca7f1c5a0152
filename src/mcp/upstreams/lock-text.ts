import { Document, isMap, isScalar, visit, type YAMLMap } from 'yaml'
import { readYaml } from '../../yaml-source.ts'
import type { Definition, Pins } from './definition.ts'
import { INSTRUCTIONS, LARGEST_LOCK_FILE, LOCK_SECTIONS, parseLock } from './lock-file.ts'
import { hasHiddenText, showHidden, unicodeEscape } from './visible-text.ts'

const HEAD = ` What the upstream servers offer and somebody has approved; nothing else of them is served.
 "npx sallyport lock approve" writes it. Keep it in version control.`

const FORM = { lineWidth: 0, doubleQuotedMinMultiLineLength: 1_000_000_000 } as const

/** What a text in lines of its own would not keep, or an editor might take away: white space around lines. */
const FRAGILE = /[\r\t\ufffd]| (?:\n|$)|^[ \n]|\n\n$/

/**
 * Writes pins as a lock file: always in the same order, texts of several lines as such, hidden characters as escapes, no
 * anchors.
 *
 * @param before the text of the file so far: its comments stay, and so does every definition that is the same
 * @throws Error if `before` is not a lock file, or what came of it would not say exactly these pins
 */
export function lockText(pins: Pins, before?: string): string {
  const document = before === undefined || before.trim() === '' ? blank() : documentOf(before)
  const upstreams = mapIn(document, document, 'upstreams')
  for (const [name, definitions] of pins.upstreams)
    writeUpstream(document, mapIn(document, upstreams, name), definitions)
  tidy(upstreams, [...pins.upstreams.keys()].toSorted())
  const text = textOf(document)
  const { pins: written } = parseLock(text, 'the new lock file')
  if (written === undefined || !isSame(written, pins))
    throw new Error('the lock file cannot be written safely')
  return text
}

/** Whether two say the same of the same upstreams, in any order. */
function isSame(one: Pins, other: Pins): boolean {
  return JSON.stringify(hashesOf(one)) === JSON.stringify(hashesOf(other))
}

function hashesOf({ upstreams }: Pins): readonly unknown[] {
  return [...upstreams]
    .map(([name, definitions]) => [
      name,
      definitions.map((one) => `${one.hash} ${one.kind} ${one.name}`).toSorted(),
    ])
    .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1))
}

function blank(): Document {
  const document = new Document({ version: 1, upstreams: {} })
  document.commentBefore = HEAD
  return document
}

function documentOf(text: string): Document {
  const { source, faults } = readYaml(text, 'the lock file', LARGEST_LOCK_FILE)
  if (source === undefined) throw new Error(faults.join('\n'))
  visit(source.document, { Map: (_, map) => keepComment(map) })
  return source.document
}

/** What stands above the first key is about that key, and not about whatever comes first some day. */
function keepComment(map: YAMLMap): void {
  const key = map.items[0]?.key
  if (map.commentBefore === undefined || map.commentBefore === null || !isScalar(key)) return
  key.commentBefore = map.commentBefore
  delete map.commentBefore
}

function writeUpstream(document: Document, upstream: YAMLMap, definitions: readonly Definition[]): void {
  const instructions = definitions.find(({ kind }) => kind === 'instructions')
  if (instructions !== undefined) writeDefinition(document, upstream, INSTRUCTIONS, instructions)
  const sections = LOCK_SECTIONS.filter(([section, kind]) => {
    const own = definitions.filter((one) => one.kind === kind)
    const map = mapIn(document, upstream, section)
    for (const one of own) writeDefinition(document, map, one.name, one)
    tidy(map, own.map(({ name }) => name).toSorted())
    return own.length > 0
  })
  tidy(upstream, [
    ...(instructions === undefined ? [] : [INSTRUCTIONS]),
    ...sections.map(([section]) => section),
  ])
}

/** Leaves what is the same as it stands, with its comments. */
function writeDefinition(document: Document, map: YAMLMap, key: string, { hash, value }: Definition): void {
  const entry: unknown = map.get(key)
  if (isMap(entry) && entry.get('hash') === hash) return
  put(document, map, key, document.createNode({ hash, definition: value }, { aliasDuplicateObjects: false }))
}

/** The map of a key; made if there is none. */
function mapIn(document: Document, parent: Document | YAMLMap, key: string): YAMLMap {
  const found: unknown = parent.get(key)
  return isMap(found) ? found : put(document, parent, key, document.createNode({}))
}

/** The key becomes a node as well, so that it is written as texts are. */
function put(document: Document, parent: Document | YAMLMap, key: string, node: YAMLMap): YAMLMap {
  parent.delete(key)
  parent.add(document.createPair(key, node))
  return node
}

/** Only these keys, in this order, each on a line of its own; nothing is written as `{}`. */
function tidy(map: YAMLMap, keys: readonly string[]): void {
  const places = new Map(keys.map((key, at) => [key, at]))
  const placeOf = (key: unknown): number | undefined => places.get(keyOf(key))
  map.items = map.items.filter(({ key }) => placeOf(key) !== undefined)
  map.items.sort((one, other) => (placeOf(one.key) ?? 0) - (placeOf(other.key) ?? 0))
  map.flow = keys.length === 0
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key)
}

/** What is hidden stands in double quotes alone, or in a comment: there the escape can stand for it. */
function textOf(document: Document): string {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return
      delete node.type
      if (FRAGILE.test(node.value) || hasHiddenText(node.value)) node.type = 'QUOTE_DOUBLE'
      else if (node.value.includes('\n')) node.type = 'BLOCK_LITERAL'
    },
  })
  return showHidden(document.toString(FORM), unicodeEscape).replaceAll('\ufffd', String.raw`\ufffd`)
}
