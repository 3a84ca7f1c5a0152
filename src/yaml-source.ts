import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { Document } from 'yaml'
import type { core, ZodError } from 'zod'
import { offsetInScalar } from './yaml-scalar.ts'

/** As many faults of one text are told; the rest mostly follow from the first. */
const MOST_FAULTS = 20

/** The largest file that is looked at unless said otherwise, in characters. */
const LARGEST = 1_048_576

/** Something wrong in a file: the path of keys to it, and a sentence. An empty path is the file as a whole. */
export interface YamlFault {
  readonly path: readonly PropertyKey[]
  readonly sentence: string
}

/** A YAML file as plain data, which still knows where everything stands. */
export interface YamlSource {
  readonly document: Document
  readonly value: unknown
  /** `file:line:column` of what stands at `path`, or of the nearest thing above it. */
  at(path: readonly PropertyKey[]): string
  /** `file:line:column` of one character of the text at `path`; of its start where that cannot be told. */
  within(path: readonly PropertyKey[], offset: number): string
}

/** Either the source, or what makes it unreadable: one line each, `file:line:column: sentence`. */
export type YamlReading =
  | { readonly source: YamlSource; readonly faults: readonly [] }
  | { readonly source: undefined; readonly faults: readonly string[] }

/**
 * Reads one YAML document of settings: plain maps, lists and scalars.
 *
 * Fails closed: duplicate keys, aliases, anchors, unknown tags, keys that are not text, a second document, control
 * characters and more than `largest` characters make the whole text unreadable; nothing is repaired.
 *
 * @param file its name, for messages only
 */
export function readYaml(text: string, file: string, largest: number = LARGEST): YamlReading {
  const refusal = (sentence: string): YamlReading => ({ source: undefined, faults: [`${file}: ${sentence}`] })
  if (text.length > largest)
    return refusal(`the file is larger than ${largest / LARGEST} MiB: split or shorten it`)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]/.test(text))
    return refusal('the file holds control characters or broken UTF-8: write it again from a good copy')
  const lines = new LineCounter()
  const where = (offset: number): string => `${file}:${lineAndColumn(lines, offset)}`
  try {
    return parsed(text, lines, where)
  } catch (cause) {
    return refusal(`the file is not readable as YAML (${cause instanceof Error ? cause.message : 'unknown'})`)
  }
}

/** What to do about what people write most often, above all in conditions. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^Unresolved tag/, ': put a text that begins with "!" in single quotes'],
  [/at node end$/, ': put a text that begins with a quote or a bracket in single quotes as a whole'],
  [/^Tabs are not allowed/, ': indent with spaces'],
]

function hintOn(message: string): string {
  return HINTS.find(([pattern]) => pattern.test(message))?.[1] ?? ''
}

function parsed(text: string, lines: LineCounter, where: (offset: number) => string): YamlReading {
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // 'silent' would also keep quiet about a second document.
    logLevel: 'error',
  })
  const faults = [
    ...[...document.errors, ...document.warnings]
      .toSorted((one, other) => one.pos[0] - other.pos[0])
      .map(
        ({ pos, message }) =>
          `${where(pos[0])}: this is not the YAML it should be: ${message}${hintOn(message)}`,
      ),
    ...unwanted(document, where),
  ]
  if (faults.length > 0) return { source: undefined, faults: faults.slice(0, MOST_FAULTS) }
  const value: unknown = document.toJS({ maxAliasCount: 0 })
  const at = (path: readonly PropertyKey[]): string => where(offsetOf(document, path))
  const within = (path: readonly PropertyKey[], offset: number): string => {
    const node: unknown = document.getIn(path, true)
    return isScalar(node) ? where(offsetInScalar(text, node, offset)) : at(path)
  }
  return { source: { document, value, at, within }, faults: [] }
}

/** Aliases, anchors and `__proto__`: nothing that settings need, and each a way to say something hidden. */
function unwanted(document: Document, where: (offset: number) => string): string[] {
  const faults: string[] = []
  const report = (range: readonly number[] | null | undefined, sentence: string): void => {
    faults.push(`${where(range?.[0] ?? 0)}: ${sentence}`)
  }
  visit(document, {
    Alias: (_, node) => report(node.range, 'aliases (*name) are not used here: write the value out'),
    Value: (_, node) => {
      if (node.anchor !== undefined)
        report(node.range, `anchors (&${node.anchor}) are not used here: leave it out`)
    },
    Pair: (_, pair) => {
      if (isScalar(pair.key) && pair.key.value === '__proto__')
        report(pair.key.range, 'the key __proto__ is not allowed: leave it out')
    },
  })
  return faults
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const key = path.at(-1)
  const parent: unknown = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key)
    if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0
  }
  const node: unknown = document.getIn(path, true)
  if (isNode(node)) return node.range?.[0] ?? 0
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1))
}

function lineAndColumn(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${Math.max(line, 1)}:${Math.max(col, 1)}`
}

/**
 * What a zod schema found, as faults: one for each issue and, for unknown keys, one for each key. Where there is a
 * choice of shapes, what is wrong within the one that was meant.
 */
export function faultsOf(error: ZodError): YamlFault[] {
  return error.issues.flatMap((issue) => faultsIn(issue, issue.path))
}

function faultsIn(issue: core.$ZodIssue, path: readonly PropertyKey[]): YamlFault[] {
  if (issue.code === 'unrecognized_keys') {
    // A sentence for all of them, or a line for each.
    const lines = issue.message.split('\n')
    return issue.keys.map((key, index) => ({ path: [...path, key], sentence: lines[index] ?? issue.message }))
  }
  const meant = issue.code === 'invalid_union' ? issue.errors.find(isWithin) : undefined
  if (meant !== undefined) return meant.flatMap((inner) => faultsIn(inner, [...path, ...inner.path]))
  const first = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
  return [{ path, sentence: first ?? issue.message }]
}

/** Whether the shape was the right one, and only what is in it is not. */
function isWithin(issues: readonly core.$ZodIssue[]): boolean {
  return issues.every(({ code, path }) => code === 'unrecognized_keys' || path.length > 0)
}

/** A path as people write it: `grants[0].roles`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}
