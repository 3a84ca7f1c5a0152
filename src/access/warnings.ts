import { isMap, isScalar, isSeq } from 'yaml'
import { pathText } from '../yaml-source.ts'
import type { YamlFault, YamlSource } from '../yaml-source.ts'
import { isAlwaysFalse } from './always-false.ts'
import { compileLimits } from './compile-limits.ts'
import { holdersOf, type Holders } from './holders.ts'
import type { PolicyParts } from './policy.ts'
import { idlePatterns, ruleWarnings } from './rule-warnings.ts'

/** What a policy says and probably does not mean: `file:line:column: sentence` each, in the order of the sections. */
export function warningsOf(parts: PolicyParts, source: YamlSource): readonly string[] {
  const holders = holdersOf(parts.document)
  const all = [
    ...ruleWarnings({ ...parts, holders }),
    ...limitWarnings(parts, holders),
    ...roleWarnings(parts, holders),
    ...grantWarnings(parts),
    ...layoutWarnings(source),
  ]
  return all.map(({ path, sentence }) => `${source.at(path)}: ${pathText(path)}: ${sentence}`)
}

function limitWarnings({ document, surface }: PolicyParts, holders: Holders): readonly YamlFault[] {
  const compiled = compileLimits(document)
  return document.limits.flatMap((limit, index) => {
    const path = ['limits', index]
    const { things } = compiled[index] ?? {}
    const entries = surface.filter(({ kind, name }) => things?.reach(kind, name) !== 'none')
    const idle = idlePatterns(limit, surface, path)
    const { subject } = limit
    if (entries.length === 0 || subject === null || holders.mightUse(subject, entries)) return idle
    return [...idle, { path, sentence: 'it concerns nothing: nobody whom it names might use what it counts' }]
  })
}

function roleWarnings({ document }: PolicyParts, { hasHolder }: Holders): readonly YamlFault[] {
  return [...document.roles.keys()]
    .filter((role) => !hasHolder(role))
    .map((role) => ({ path: ['roles', role], sentence: 'nobody has this role' }))
}

function grantWarnings({ grantConditions }: PolicyParts): readonly YamlFault[] {
  return [...grantConditions]
    .filter(([, condition]) => isAlwaysFalse(condition))
    .map(([index]) => ({
      path: ['grants', index, 'when'],
      sentence: 'the grant never counts: its condition is always false',
    }))
}

function layoutWarnings({ document }: YamlSource): readonly YamlFault[] {
  const grants: unknown = document.getIn(['grants'], true)
  if (!isSeq(grants) || grants.flow === true) return []
  return grants.items.flatMap((item, index): YamlFault[] => {
    const bound = boundBehindRoles(item)
    if (bound === undefined) return []
    const sentence =
      'it stands behind the roles: a file cut short there gives them without it; put roles last'
    return [{ path: ['grants', index, bound], sentence }]
  })
}

/** The key of what bounds a grant, and would be missing from a file that was cut short behind its roles. */
function boundBehindRoles(grant: unknown): string | undefined {
  if (!isMap(grant) || grant.flow === true) return undefined
  const keys = grant.items.map(({ key }) => (isScalar(key) ? key.value : undefined))
  const behind = grant.items.slice(keys.indexOf('roles') + 1)
  const bound = behind.find(({ key, value }) => isScalar(key) && isBound(key.value, value))
  return isScalar(bound?.key) ? String(bound.key.value) : undefined
}

function isBound(key: unknown, value: unknown): boolean {
  if (key === 'when' || key === 'attributes') return true
  return key === 'certificate' && isMap(value) && value.flow !== true && value.items.length > 1
}
