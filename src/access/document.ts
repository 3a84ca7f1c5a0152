import { isMap, isScalar } from 'yaml'
import { isPrincipalKind, principalOf } from '../auth/principal.ts'
import type { Principal, PrincipalKind } from '../auth/principal.ts'
import { SallyportError } from '../errors.ts'
import { faultsOf, pathText, readYaml } from '../yaml-source.ts'
import type { YamlFault, YamlSource } from '../yaml-source.ts'
import { accessFileSchema } from './document-schema.ts'
import type { AccessFile, GrantEntry, RoleEntry } from './document-schema.ts'
import { laterFaults } from './later.ts'

/** What a role gives, and what it asks for. */
export interface Role {
  /** Permission patterns. */
  readonly permissions: readonly string[]
  /** Whether a person who has it is refused without a second factor, whatever other roles would give. */
  readonly secondFactorRequired: boolean
}

/** Roles for one principal. Several grants of the same principal add up. */
export interface Grant {
  readonly principal: Principal
  readonly roles: readonly string[]
}

/** What `access.yaml` says, checked: every role of a grant exists. */
export interface AccessDocument {
  readonly version: 1
  readonly roles: ReadonlyMap<string, Role>
  readonly grants: readonly Grant[]
}

/** In this order: limits before rights, so that a file cut short loses rights and never limits. */
const SECTIONS = ['version', 'rules', 'roles', 'grants']
const KINDS: readonly PrincipalKind[] = ['service', 'agent', 'user']

/**
 * Reads the access policy.
 *
 * Fails closed: whatever this version does not decide on is refused, never ignored; so is a text that does not end
 * with a line break, since it may have been cut inside a name.
 *
 * @param file its name, for messages only
 * @throws SallyportError `POLICY_INVALID` with every fault, one per line: `file:line:column: sentence`
 */
export function parseAccessDocument(text: string, file: string): AccessDocument {
  const { source, faults } = readYaml(text, file)
  if (source === undefined) throw invalid(faults)
  const found = [...cutFaults(text), ...orderFaults(source)]
  const later = laterFaults(source.value)
  const parsed = accessFileSchema.safeParse(source.value)
  const shape = parsed.success ? grantFaults(parsed.data) : faultsOf(parsed.error)
  const all = [...found, ...later, ...shape.filter((fault) => !later.some((other) => isWithin(fault, other)))]
  if (all.length > 0 || !parsed.success) throw invalid(all.map((fault) => render(fault, source)))
  return documentOf(parsed.data)
}

/** The grants of one principal (`service:billing`), in the order of the file. */
export function grantsOf(document: AccessDocument, principalId: string): readonly Grant[] {
  return document.grants.filter((grant) => grant.principal.id === principalId)
}

/** The names of all roles, in the order of the file. */
export function roleNames(document: AccessDocument): readonly string[] {
  return [...document.roles.keys()]
}

function invalid(faults: readonly string[]): SallyportError {
  return new SallyportError('POLICY_INVALID', faults.join('\n'))
}

function render(fault: YamlFault, source: YamlSource): string {
  const path = pathText(fault.path)
  return `${source.at(fault.path)}: ${path === '' ? '' : `${path}: `}${fault.sentence}`
}

function isWithin(fault: YamlFault, other: YamlFault): boolean {
  return other.path.every((key, index) => fault.path[index] === key)
}

/** A cut in the middle of a line could turn one name into another; one between lines only takes rights away. */
function cutFaults(text: string): YamlFault[] {
  if (text.endsWith('\n')) return []
  return [
    { path: [], sentence: 'the last line has no line break, so the file may be cut short: end it with one' },
  ]
}

function orderFaults(source: YamlSource): YamlFault[] {
  const { contents } = source.document
  if (!isMap(contents)) return []
  const keys = contents.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []))
  const known = keys.filter((key) => SECTIONS.includes(key))
  const ordered = SECTIONS.filter((section) => known.includes(section))
  const late = known.find((key, index) => key !== ordered[index])
  if (late === undefined) return []
  return [{ path: [late], sentence: `out of order: the sections must stand as ${SECTIONS.join(', ')}` }]
}

function grantFaults(file: AccessFile): YamlFault[] {
  const roles = Object.keys(file.roles)
  const help = roles.length === 0 ? 'there is none yet: add it to roles' : `use one of ${roles.join(', ')}`
  return file.grants.flatMap((grant, index) => [
    ...subjectFaults(grant, index),
    ...grant.roles.flatMap((role, position) =>
      Object.hasOwn(file.roles, role)
        ? []
        : [{ path: ['grants', index, 'roles', position], sentence: `there is no role "${role}": ${help}` }],
    ),
  ])
}

function subjectFaults(grant: GrantEntry, index: number): YamlFault[] {
  if (KINDS.filter((kind) => grant[kind] !== undefined).length === 1) return []
  return [{ path: ['grants', index], sentence: 'a grant names exactly one of service, agent or user' }]
}

function documentOf(file: AccessFile): AccessDocument {
  return Object.freeze({
    version: 1,
    roles: new Map(Object.entries(file.roles).map(([name, entry]) => [name, roleOf(entry)])),
    grants: Object.freeze(file.grants.flatMap(grantOf)),
  })
}

function roleOf(entry: RoleEntry): Role {
  const { permissions, mfa } = 'permissions' in entry ? entry : { permissions: entry }
  return Object.freeze({
    permissions: Object.freeze([...permissions]),
    secondFactorRequired: mfa === 'required',
  })
}

function grantOf(entry: GrantEntry): Grant[] {
  return Object.entries(entry).flatMap(([kind, name]) => {
    const principal = isPrincipalKind(kind) && typeof name === 'string' ? principalOf(kind, name) : undefined
    return principal === undefined
      ? []
      : [Object.freeze({ principal, roles: Object.freeze([...entry.roles]) })]
  })
}
