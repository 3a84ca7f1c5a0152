import type { AuthContext, Rights } from '../auth/context.ts'
import type { AccessRequest, Arguments } from './decision.ts'
import type { AccessDocument } from './document.ts'
import type { Explanation } from './explanation.ts'

/** One question to a policy. */
export interface Question {
  readonly context: AuthContext
  readonly request: AccessRequest
  readonly args: Arguments
  readonly now: number
}

/** A decision with everything that led to it, but for the words. */
export type Found = Omit<Explanation, 'because' | 'nearest'>

/** What words are made of. */
export interface Told extends Question {
  readonly document: AccessDocument
  readonly rights: Rights
  readonly facts: Found
}
