import { isMap, isScalar } from 'yaml'
import { SallyportError } from '../errors.ts'
import { faultsOf, pathText, readYaml } from '../yaml-source.ts'
import type { YamlFault, YamlSource } from '../yaml-source.ts'
import { documentFaults, includesOf, isList } from './document-faults.ts'
import { accessFileSchema } from './document-schema.ts'
import type { AccessFile, RoleEntry } from './document-schema.ts'
import { grantOf, type Grant } from './grant.ts'
import { limitOf, type Limit } from './limit.ts'
import { ruleOf, type Rule } from './rule.ts'

/** What a role gives, and what it asks for. */
export interface Role {
  /** Permission patterns, without those of the roles that it includes. */
  readonly permissions: readonly string[]
  /** Roles that who has it has, too. */
  readonly includes: readonly string[]
  /** Whether a person who has it is refused without a second factor, whatever other roles would give. */
  readonly secondFactorRequired: boolean
}

/** What `access.yaml` says, checked: whatever is named in it exists. Plain data. */
export interface AccessDocument {
  readonly version: 1
  readonly rules: readonly Rule[]
  readonly limits: readonly Limit[]
  readonly roles: ReadonlyMap<string, Role>
  /** From the name of a group to the ids of its members. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly grants: readonly Grant[]
}

/** A document that still knows where everything stands. */
export interface AccessSource {
  readonly document: AccessDocument
  readonly source: YamlSource
}

/** In this order: limits before rights, so that a file cut short loses rights and never limits. */
const SECTIONS = ['version', 'rules', 'limits', 'roles', 'groups', 'grants']

/**
 * Reads the access policy; conditions in it are not read (see `read-policy.ts`).
 *
 * Fails closed: what is not known is refused, never ignored; so is a text that does not end with a line break, since it
 * may have been cut inside a name.
 *
 * @param file its name, for messages only
 * @throws SallyportError `POLICY_INVALID` with every fault, one per line: `file:line:column: sentence`
 */
export function parseAccessDocument(text: string, file: string): AccessDocument {
  return readAccessDocument(text, file).document
}

/** As {@link parseAccessDocument}, and where everything stands. */
export function readAccessDocument(text: string, file: string): AccessSource {
  const { source, faults } = readYaml(text, file)
  if (source === undefined) throw invalidPolicy(faults)
  const parsed = accessFileSchema.safeParse(source.value)
  const found = parsed.success ? documentFaults(parsed.data) : faultsOf(parsed.error)
  const all = [...cutFaults(text), ...orderFaults(source), ...found]
  if (all.length > 0 || !parsed.success) throw invalidPolicy(all.map((fault) => render(fault, source)))
  return { document: documentOf(parsed.data), source }
}

/**
 * The grants that somebody has by name, in the order of the file: those to the principal itself (`service:billing`) and
 * to its groups, also those with a condition.
 */
export function grantsOf({ grants, groups }: AccessDocument, principalId: string): readonly Grant[] {
  return grants.filter(({ subject }) => {
    if (subject.kind === 'principal') return subject.principal.id === principalId
    return subject.kind === 'group' && (groups.get(subject.group)?.includes(principalId) ?? false)
  })
}

/** The names of all roles, in the order of the file. */
export function roleNames(document: AccessDocument): readonly string[] {
  return [...document.roles.keys()]
}

/** Faults of a policy as the error that it is refused with. */
export function invalidPolicy(faults: readonly string[]): SallyportError {
  return new SallyportError('POLICY_INVALID', faults.join('\n'))
}

function render(fault: YamlFault, source: YamlSource): string {
  const path = pathText(fault.path)
  return `${source.at(fault.path)}: ${path === '' ? '' : `${path}: `}${fault.sentence}`
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

function documentOf({ rules, limits = [], roles, groups = {}, grants }: AccessFile): AccessDocument {
  return Object.freeze({
    version: 1,
    rules: Object.freeze(rules.map(ruleOf)),
    limits: Object.freeze(limits.map(limitOf)),
    roles: new Map(Object.entries(roles).map(([name, entry]) => [name, roleOf(entry)])),
    groups: new Map(Object.entries(groups).map(([name, members]) => [name, Object.freeze([...members])])),
    grants: Object.freeze(grants.flatMap(grantOf)),
  })
}

function roleOf(entry: RoleEntry): Role {
  const { permissions = [], mfa }: Exclude<RoleEntry, readonly string[]> = isList(entry)
    ? { permissions: entry }
    : entry
  return Object.freeze({
    permissions: Object.freeze([...permissions]),
    includes: Object.freeze([...includesOf(entry)]),
    secondFactorRequired: mfa === 'required',
  })
}
