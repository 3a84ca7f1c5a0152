import type { YamlSource } from '../yaml-source.ts'
import type { PolicyParts } from './policy.ts'

export function warningsOf(_parts: PolicyParts, _source: YamlSource): readonly string[] {
  return []
}
