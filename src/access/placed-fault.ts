import type { ConditionFault } from './condition.ts'

/** What is wrong with a condition of a file, and which it is. */
export interface PlacedFault extends ConditionFault {
  /** The keys that lead to the condition. */
  readonly path: readonly PropertyKey[]
}

/** Says where the condition stands. */
export function placed(
  faults: readonly ConditionFault[],
  path: readonly PropertyKey[],
): readonly PlacedFault[] {
  return faults.map(({ offset, sentence }) => ({ path, offset, sentence }))
}
