import type { Definition, Quarantined, QuarantineReason } from './definition.ts'

/** More of a name is not told, in characters. */
const LONGEST_NAME = 256

/** A definition that is kept from everybody, by as much of its name as is told. */
export function quarantined(
  { kind, name }: Pick<Definition, 'kind' | 'name'>,
  reason: QuarantineReason,
): Quarantined {
  return { kind, name: name.slice(0, LONGEST_NAME).toWellFormed(), reason }
}
