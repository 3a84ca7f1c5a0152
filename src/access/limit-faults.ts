import type { YamlFault } from '../yaml-source.ts'
import type { AccessFile, LimitEntry } from './document-schema.ts'
import { limitOf, limitCounter } from './limit.ts'
import { principalFaults, thingsFaults } from './rule-faults.ts'

const SUBJECTS = ['role', 'principal', 'group'] as const

/** What is wrong with limits of the right shape. */
export function limitFaults(file: AccessFile): readonly YamlFault[] {
  const first = new Map<string, number>()
  return (file.limits ?? []).flatMap((limit, index) => {
    const path = ['limits', index]
    const counter = limitCounter(limitOf(limit))
    const same = first.get(counter) ?? index
    first.set(counter, same)
    const faults = [subjectFaults(limit, file, path), thingsFaults(limit, path)]
    return [...faults, same === index ? [] : [twice(same, path)]].flat()
  })
}

function twice(other: number, path: readonly PropertyKey[]): YamlFault {
  return { path, sentence: `it is the same as limits[${other}], and would count twice: take one out` }
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
