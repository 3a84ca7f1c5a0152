import { parsePrincipal } from '../auth/principal.ts'
import type { YamlFault } from '../yaml-source.ts'
import type { AccessFile, GrantEntry } from './document-schema.ts'
import { SUBJECT_KEYS } from './grant.ts'
import { unknownName } from './unknown-name.ts'

/** What is wrong with grants of the right shape. */
export function grantFaults(file: AccessFile): readonly YamlFault[] {
  const said = new Map<string, string>()
  return file.grants.flatMap((grant, index) => {
    const path = ['grants', index]
    return [
      ...subjectFaults(grant, file, path),
      ...grant.roles.flatMap((role, position) =>
        unknownName('role', role, file.roles, [...path, 'roles', position]),
      ),
      ...ownerFaults(grant, path),
      ...attributeFaults(grant, path),
      ...contradictions(grant, path, said),
    ]
  })
}

function subjectFaults(
  grant: GrantEntry,
  { groups = {} }: AccessFile,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (SUBJECT_KEYS.filter((key) => grant[key] !== undefined).length !== 1)
    return [{ path, sentence: `a grant names exactly one of ${SUBJECT_KEYS.join(', ')}` }]
  return grant.group === undefined ? [] : unknownName('group', grant.group, groups, [...path, 'group'])
}

function ownerFaults(
  { owner, service, agent }: GrantEntry,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (owner === undefined) return []
  if (service === undefined && agent === undefined)
    return [{ path: [...path, 'owner'], sentence: 'only the grant of a service or an agent has an owner' }]
  if (parsePrincipal(owner)?.kind === 'user') return []
  return [
    { path: [...path, 'owner'], sentence: `"${owner}" is no person: write user:name, as in user:alice` },
  ]
}

function attributeFaults(
  { attributes, service, agent, user, when }: GrantEntry,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  if (attributes === undefined) return []
  const at = [...path, 'attributes']
  if (service === undefined && agent === undefined && user === undefined)
    return [{ path: at, sentence: 'only the grant of a service, an agent or a user has attributes' }]
  if (when === undefined) return []
  return [{ path: at, sentence: 'a grant with a condition has no attributes: say them in one without' }]
}

/** Two grants of one principal that say different things about it. */
function contradictions(
  grant: GrantEntry,
  path: readonly PropertyKey[],
  said: Map<string, string>,
): readonly YamlFault[] {
  const kind = (['service', 'agent', 'user'] as const).find((key) => grant[key] !== undefined)
  if (kind === undefined) return []
  const entries: [readonly PropertyKey[], string][] = [
    ...Object.entries(grant.attributes ?? {}).map(([name, value]): [readonly PropertyKey[], string] => [
      ['attributes', name],
      value,
    ]),
    ...(grant.owner === undefined ? [] : [[['owner'], grant.owner] as [readonly PropertyKey[], string]]),
  ]
  return entries.flatMap(([key, value]) => {
    const what = `${kind}:${grant[kind]} ${key.join('.')}`
    const before = said.get(what) ?? value
    said.set(what, before)
    if (before === value) return []
    const sentence = `another grant of ${kind}:${grant[kind]} says ${JSON.stringify(before)}: let both say the same`
    return [{ path: [...path, ...key], sentence }]
  })
}
