import type { YamlFault } from '../yaml-source.ts'

/** A role or a group that is not there, with those that are. */
export function unknownName(
  kind: 'role' | 'group',
  name: string,
  known: Readonly<Record<string, unknown>>,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (Object.hasOwn(known, name)) return []
  const names = Object.keys(known)
  const help = names.length === 0 ? `there is none yet: add it to ${kind}s` : `use one of ${names.join(', ')}`
  return [{ path, sentence: `there is no ${kind} "${name}": ${help}` }]
}
