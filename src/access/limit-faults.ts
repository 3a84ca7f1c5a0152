import type { YamlFault } from '../yaml-source.ts'
import type { AccessFile, LimitEntry } from './document-schema.ts'
import { limitOf } from './limit.ts'
import { principalFaults, thingsFaults } from './rule-faults.ts'

const SUBJECTS = ['role', 'principal', 'group'] as const

/** What is wrong with limits of the right shape. */
export function limitFaults(file: AccessFile): readonly YamlFault[] {
  return (file.limits ?? []).flatMap((limit, index) => {
    const path = ['limits', index]
    return [subjectFaults(limit, file, path), thingsFaults(limit, path)].flat()
  })
}

function subjectFaults(
  limit: LimitEntry,
  file: AccessFile,
  path: readonly PropertyKey[],
): readonly YamlFault[] {
  const subjects = SUBJECTS.filter((subject) => limit[subject] !== undefined)
  if (subjects.length > 1)
    return [{ path, sentence: 'a limit names at most one of role, principal and group; none is everybody' }]
  const [key = 'principal'] = subjects
  const { subject } = limitOf(limit)
  if (subject === null) return []
  if (key === 'principal' && /^(?:role|group):/.test(subject))
    return [{ path: [...path, key], sentence: `"${subject}" is no principal: use the key role or group` }]
  return principalFaults(subject, file, [...path, key])
}
