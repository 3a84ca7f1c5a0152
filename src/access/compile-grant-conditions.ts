import { compileCondition } from './compile-condition.ts'
import type { Condition } from './condition.ts'
import type { AccessDocument } from './document.ts'
import { placed, type PlacedFault } from './placed-fault.ts'

/** Conditions of grants, or what is wrong with them. */
export interface GrantConditions {
  /** By the place of the grant in the file. */
  readonly conditions: ReadonlyMap<number, Condition>
  readonly faults: readonly PlacedFault[]
}

/** Compiles the conditions of grants. */
export function compileGrantConditions({ grants }: AccessDocument): GrantConditions {
  const conditions = new Map<number, Condition>()
  const faults: PlacedFault[] = []
  for (const [index, { when }] of grants.entries()) {
    if (when === null) continue
    const compiled = compileCondition(when, { kind: 'grant' })
    if (compiled.kind === 'condition') conditions.set(index, compiled.condition)
    else faults.push(...placed(compiled.faults, ['grants', index, 'when']))
  }
  return { conditions, faults }
}
