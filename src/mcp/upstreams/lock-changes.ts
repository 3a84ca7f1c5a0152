import { isDeepStrictEqual } from 'node:util'
import type { Definition, DefinitionKind, Pins } from './definition.ts'

/** What differs in one definition of one upstream. */
export interface LockChange {
  readonly upstream: string
  readonly kind: DefinitionKind
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  /** Of what is pinned; absent where it was added. */
  readonly before?: Definition
  /** Of what is there now; absent where it is gone. */
  readonly after?: Definition
}

/** One place in a definition where two of them differ. */
export interface MemberChange {
  /** Keys and indexes from the definition on; the first is the member. */
  readonly path: readonly string[]
  /** Absent where there is nothing. */
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * What differs between two sets of pins: by upstream, kind and name, in the order of names. A definition that was
 * renamed is gone by its old name and new by the other: it has to be approved.
 */
export function lockChanges(before: Pins, after: Pins): readonly LockChange[] {
  const names = [...new Set([...before.upstreams.keys(), ...after.upstreams.keys()])].toSorted()
  return names.flatMap((name) =>
    upstreamChanges(name, before.upstreams.get(name) ?? [], after.upstreams.get(name) ?? []),
  )
}

const KINDS: readonly DefinitionKind[] = ['instructions', 'tool', 'prompt', 'template']

function upstreamChanges(
  upstream: string,
  before: readonly Definition[],
  after: readonly Definition[],
): readonly LockChange[] {
  return KINDS.flatMap((kind) => {
    const [old, fresh] = [named(before, kind), named(after, kind)]
    const names = [...new Set([...old.keys(), ...fresh.keys()])].toSorted()
    return names.flatMap((name) => changeOf({ upstream, kind, name }, old.get(name), fresh.get(name)))
  })
}

function named(definitions: readonly Definition[], kind: DefinitionKind): ReadonlyMap<string, Definition> {
  return new Map(definitions.filter((one) => one.kind === kind).map((one) => [one.name, one]))
}

function changeOf(
  which: Pick<LockChange, 'upstream' | 'kind' | 'name'>,
  before: Definition | undefined,
  after: Definition | undefined,
): readonly LockChange[] {
  if (before === undefined) return after === undefined ? [] : [{ ...which, change: 'added', after }]
  if (after === undefined) return [{ ...which, change: 'removed', before }]
  return before.hash === after.hash ? [] : [{ ...which, change: 'changed', before, after }]
}

/** Where two definitions differ, as deep down as can be said: for `undefined`, every member of the other. */
export function memberChanges(
  before: Definition | undefined,
  after: Definition | undefined,
): readonly MemberChange[] {
  return differences([], before?.value ?? {}, after?.value ?? {})
}

function differences(path: readonly string[], before: unknown, after: unknown): readonly MemberChange[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.flatMap((key) => differences([...path, key], memberOf(before, key), memberOf(after, key)))
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function memberOf(value: object, key: string): unknown {
  const members: Readonly<Record<string, unknown>> = { ...value }
  return Object.hasOwn(members, key) ? members[key] : undefined
}
