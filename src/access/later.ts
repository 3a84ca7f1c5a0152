import type { YamlFault } from '../yaml-source.ts'

const NOT_YET = 'this version does not decide on'

/**
 * What the file format will have and this version does not decide on. Refused, never ignored: a rule or a condition
 * that is silently left out would give rights that nobody meant to give.
 *
 * @param value the document as plain data, of any shape
 */
export function laterFaults(value: unknown): YamlFault[] {
  const file = mapOf(value)
  return [
    ...sectionFaults(file),
    ...Object.entries(mapOf(file['roles'])).flatMap(([role, entry]) =>
      Object.hasOwn(mapOf(entry), 'includes')
        ? [fault(['roles', role], 'roles with includes: list the permissions of the other role, too')]
        : [],
    ),
    ...listOf(file['grants']).flatMap((grant, index) => grantFaults(mapOf(grant), index)),
  ]
}

function sectionFaults(file: Readonly<Record<string, unknown>>): YamlFault[] {
  return [
    ...(listOf(file['rules']).length > 0 ? [fault(['rules'], 'rules: write "rules: []"')] : []),
    ...(file['limits'] === undefined ? [] : [fault(['limits'], 'limits: leave the section out')]),
    ...(file['groups'] === undefined ? [] : [fault(['groups'], 'groups: grant to each member instead')]),
  ]
}

function grantFaults(grant: Readonly<Record<string, unknown>>, index: number): YamlFault[] {
  const later: Readonly<Record<string, string>> = {
    when: 'conditions (when): leave the condition out only if the grant may hold always',
    certificate: 'certificate patterns: grant to a service, agent or user by name',
    group: 'groups: grant to each member by name',
  }
  const keys = Object.keys(later).filter((key) => Object.hasOwn(grant, key))
  return keys.length === 0 ? [] : [fault(['grants', index], keys.map((key) => later[key]).join(`; nor on `))]
}

function fault(path: readonly PropertyKey[], what: string): YamlFault {
  return { path, sentence: `${NOT_YET} ${what}` }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
