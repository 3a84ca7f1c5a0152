import { createHash } from 'node:crypto'
import { parseAccessDocument } from './document.ts'
import type { AccessDocument } from './document.ts'
import type { ExplainingPolicy } from './explanation.ts'
import { createPolicy } from './policy.ts'
import type { Surface } from './surface.ts'

/** A policy that was read, and what its author should know. */
export interface ReadPolicy {
  readonly policy: ExplainingPolicy
  readonly document: AccessDocument
  /** What is allowed and probably not meant: `file:line:column: sentence` each. */
  readonly warnings: readonly string[]
}

/**
 * Reads and compiles an access policy for what there is to decide on.
 *
 * Fails closed: a text with one fault is refused whole.
 *
 * @param file its name, for messages only
 * @throws SallyportError `POLICY_INVALID` with every fault, one per line: `file:line:column: sentence`
 */
export function readPolicy(text: string, file: string, _surface: Surface): ReadPolicy {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  const document = parseAccessDocument(text, file)
  return { policy: createPolicy(document, digest), document, warnings: [] }
}
