import type { Proofs } from '../auth/context.ts'
import { certificateTest } from './certificate-pattern.ts'
import type { Condition } from './condition.ts'
import type { Grant } from './grant.ts'

/** One grant, made ready. */
export interface CompiledGrant {
  readonly grant: Grant
  /** Its place in the file. */
  readonly order: number
  /** Absent for always. */
  readonly condition: Condition | undefined
  /** Whether it is this caller's at all, by what it proved; its name is not asked here. */
  readonly isOf: (proofs: Proofs) => boolean
}

/** Whether there is nothing to evaluate. */
export function isFixed({ grant: { subject, when } }: CompiledGrant): boolean {
  return when === null && subject.kind !== 'certificate'
}

/** Makes a grant ready. */
export function compiledGrant(grant: Grant, order: number, condition: Condition | undefined): CompiledGrant {
  const { subject } = grant
  const fits = subject.kind === 'certificate' ? certificateTest(subject.pattern) : undefined
  return { grant, order, condition, isOf: ({ certificate }) => fits === undefined || fits(certificate) }
}
