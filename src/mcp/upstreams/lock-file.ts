import { isDeepStrictEqual } from 'node:util'
import { nearest } from '../../nearest.ts'
import { readYaml, type YamlFault } from '../../yaml-source.ts'
import { isRecord } from '../record.ts'
import { definitionOf } from './definition-hash.ts'
import type { Definition, DefinitionKind, Pins } from './definition.ts'

/** Characters of a lock file. */
export const LARGEST_LOCK_FILE = 16_777_216

/** As many faults are told; the rest mostly follow from the first. */
const MOST_FAULTS = 20
const UPSTREAM = /^[a-z][a-z0-9-]{0,31}$/
const HASH = /^sha256:[0-9a-f]{64}$/

/** The maps of one upstream, in the order in which they are written. */
export const LOCK_SECTIONS: readonly (readonly [section: string, kind: DefinitionKind])[] = [
  ['tools', 'tool'],
  ['prompts', 'prompt'],
  ['templates', 'template'],
]
export const INSTRUCTIONS = 'instructions'

/** Either the pins, or what is wrong with the file: one line each, `file:line:column: sentence`. */
export type LockReading =
  | { readonly pins: Pins; readonly faults: readonly [] }
  | { readonly pins: undefined; readonly faults: readonly string[] }

/**
 * Reads a lock file: what was approved of each upstream, with hash and definition.
 *
 * Fails closed: with one unknown key, one hash that is not the one of its definition, or anything that a definition
 * cannot be, the whole file is refused. A file that was cut short has fewer definitions, or none; never others.
 *
 * @param file its name, for messages only
 */
export function parseLock(text: string, file: string): LockReading {
  const { source, faults: unreadable } = readYaml(text, file, LARGEST_LOCK_FILE)
  if (source === undefined) return { pins: undefined, faults: unreadable }
  const faults: YamlFault[] = []
  const pins = pinsIn(source.value, faults)
  if (faults.length === 0) return { pins, faults: [] }
  const told = faults.slice(0, MOST_FAULTS).map(({ path, sentence }) => `${source.at(path)}: ${sentence}`)
  return { pins: undefined, faults: told }
}

type Path = readonly string[]

function pinsIn(value: unknown, faults: YamlFault[]): Pins {
  const file = mapAt([], value, ['version', 'upstreams'], faults)
  if (file !== undefined && file['version'] !== 1)
    faults.push({
      path: ['version'],
      sentence: 'the version of a lock file is 1: another one is read by another Sallyport',
    })
  const upstreams =
    file === undefined ? undefined : mapAt(['upstreams'], file['upstreams'], undefined, faults)
  return {
    upstreams: new Map(
      Object.entries(upstreams ?? {}).map(([name, pinned]) => [name, upstreamIn(name, pinned, faults)]),
    ),
  }
}

function upstreamIn(name: string, value: unknown, faults: YamlFault[]): readonly Definition[] {
  const path = ['upstreams', name]
  if (!UPSTREAM.test(name))
    faults.push({
      path,
      sentence: `${JSON.stringify(name)} is no name of an upstream: small letters, digits and "-"`,
    })
  const sections = mapAt(path, value, [INSTRUCTIONS, ...LOCK_SECTIONS.map(([section]) => section)], faults)
  if (sections === undefined) return []
  const { [INSTRUCTIONS]: instructions } = sections
  return [
    ...(instructions === undefined
      ? []
      : definitionAt([...path, INSTRUCTIONS], 'instructions', '', instructions, faults)),
    ...LOCK_SECTIONS.flatMap(([section, kind]) => {
      const entries =
        sections[section] === undefined ? {} : mapAt([...path, section], sections[section], undefined, faults)
      return Object.entries(entries ?? {}).flatMap(([own, entry]) =>
        definitionAt([...path, section, own], kind, own, entry, faults),
      )
    }),
  ]
}

function definitionAt(
  path: Path,
  kind: DefinitionKind,
  name: string,
  value: unknown,
  faults: YamlFault[],
): readonly Definition[] {
  const entry = mapAt(path, value, ['hash', 'definition'], faults)
  if (entry === undefined) return []
  const { hash, definition: written } = entry
  const refuse = (member: string, sentence: string): [] => {
    faults.push({ path: [...path, member], sentence })
    return []
  }
  if (typeof hash !== 'string' || !HASH.test(hash))
    return refuse('hash', 'a hash is "sha256:" and 64 hex digits in small letters, here')
  const definition = definitionOf(kind, written)
  if (definition === undefined)
    return refuse(
      'definition',
      `this is no ${kind} as the protocol has it, or it is larger than 64 KiB or nested more than 32 deep`,
    )
  if (definition.name !== name)
    return refuse('definition', `its name is not ${JSON.stringify(name)}, by which it stands here`)
  if (!isDeepStrictEqual(written, definition.value))
    return refuse('definition', 'there is more in it than is pinned: take that out, or put the file back')
  if (definition.hash !== hash)
    return refuse(
      'hash',
      `the definition is not the one that was approved, it has ${definition.hash}: put the file back from version control, or take this entry out and approve it again with "npx sallyport lock approve ${path[1]}"`,
    )
  return [definition]
}

/** The map at a path; a fault if there is none, or it has other keys than those. */
function mapAt(
  path: Path,
  value: unknown,
  known: readonly string[] | undefined,
  faults: YamlFault[],
): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(value)) {
    faults.push({
      path,
      sentence: `there is no map ${path.length === 0 ? 'in this file' : `"${path.at(-1)}"`}: put the file back, or approve again`,
    })
    return undefined
  }
  for (const key of Object.keys(value))
    if (known?.includes(key) === false) faults.push(unknownKey(path, key, known))
  return value
}

function unknownKey(path: Path, key: string, known: readonly string[]): YamlFault {
  const meant = nearest(key, known)
  const help = meant === undefined ? `there can be ${known.join(', ')}` : `did you mean "${meant}"?`
  return { path: [...path, key], sentence: `unknown key ${JSON.stringify(key)}: ${help}` }
}
