import { createHash } from 'node:crypto'
import { canonicalJson } from '../../audit/canonical-json.ts'
import { deepFreeze } from '../freeze.ts'
import type { Definition, DefinitionKind } from './definition.ts'
import { isWithin } from './json-bounds.ts'
import { pinnedMembers } from './pinned-members.ts'

/** Bounds of one definition: bytes of its JSON in UTF-8, as a rule of thumb, and levels of nesting. */
export const DEFINITION_BOUNDS = { bytes: 65_536, depth: 32 } as const

/**
 * Takes what an upstream lists, or what the lock file holds, as a definition: cut down to what is pinned, copied,
 * frozen, and with its hash. Nothing in it is followed or compiled: a `$ref` is a text.
 *
 * Fails closed: `undefined` for what is too large, too deep, not of the kind, or could be read in two ways.
 */
export function definitionOf(kind: DefinitionKind, listed: unknown): Definition | undefined {
  const pinned = pinnedMembers(kind, listed)
  if (pinned === undefined || !isWithin(pinned, DEFINITION_BOUNDS)) return undefined
  const value = deepFreeze(structuredClone(pinned))
  const name = value['name']
  // It would be a key of the lock file, which has no such keys.
  if (name === '__proto__') return undefined
  return { kind, name: typeof name === 'string' ? name : '', value, hash: hashOf(value) }
}

/** `sha256:` and the hex digest of the canonical JSON (RFC 8785): the same for any order of keys. */
function hashOf(value: Readonly<Record<string, unknown>>): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`
}
