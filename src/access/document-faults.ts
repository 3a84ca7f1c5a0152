import { parsePrincipal } from '../auth/principal.ts'
import type { YamlFault } from '../yaml-source.ts'
import { ROLE_HELP } from './document-schema.ts'
import type { AccessFile, RoleEntry } from './document-schema.ts'
import { grantFaults } from './grant-faults.ts'
import { limitFaults } from './limit-faults.ts'
import { circles } from './role-closure.ts'
import { ruleFaults } from './rule-faults.ts'
import { unknownName } from './unknown-name.ts'

/** What is wrong with a file of the right shape, for which it takes more than one place to see. */
export function documentFaults(file: AccessFile): readonly YamlFault[] {
  return [
    ...ruleFaults(file),
    ...limitFaults(file),
    ...roleFaults(file),
    ...groupFaults(file),
    ...grantFaults(file),
  ]
}

/** The roles that a role includes, as the file says it. */
export function includesOf(entry: RoleEntry): readonly string[] {
  return isList(entry) ? [] : (entry.includes ?? [])
}

function roleFaults({ roles }: AccessFile): readonly YamlFault[] {
  const entries = Object.entries(roles)
  const includes = new Map(entries.map(([role, entry]) => [role, includesOf(entry)]))
  const empty = entries.filter(([, entry]) => isEmpty(entry))
  return [
    ...empty.map(([role]) => ({ path: ['roles', role, 'permissions'], sentence: ROLE_HELP })),
    ...entries.flatMap(([role, entry]) =>
      includesOf(entry).flatMap((included, index) =>
        unknownName('role', included, roles, ['roles', role, 'includes', index]),
      ),
    ),
    ...circles(includes).map((circle) => ({
      path: ['roles', circle[0] ?? '', 'includes'],
      sentence: `the role includes itself (${circle.join(' includes ')}): take one of them out`,
    })),
  ]
}

/** Whether a role is its permissions alone. */
export function isList(entry: RoleEntry): entry is readonly string[] {
  return Array.isArray(entry)
}

function isEmpty(entry: RoleEntry): boolean {
  return !isList(entry) && entry.permissions === undefined && entry.includes === undefined
}

function groupFaults({ groups = {} }: AccessFile): readonly YamlFault[] {
  return Object.entries(groups).flatMap(([group, members]) =>
    members.flatMap((member, index) =>
      parsePrincipal(member) === undefined
        ? [
            {
              path: ['groups', group, index],
              sentence: `"${member}" is no principal: write kind:name, as in user:alice`,
            },
          ]
        : [],
    ),
  )
}
