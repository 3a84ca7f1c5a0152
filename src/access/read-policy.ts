import { createHash } from 'node:crypto'
import { compileGrantConditions } from './compile-grant-conditions.ts'
import { compileRules } from './compile-rules.ts'
import { invalidPolicy, readAccessDocument } from './document.ts'
import type { AccessDocument, AccessSource } from './document.ts'
import type { ExplainingPolicy } from './explanation.ts'
import type { PlacedFault } from './placed-fault.ts'
import { createPolicy } from './policy.ts'
import type { Surface } from './surface.ts'
import { pathText } from '../yaml-source.ts'
import { warningsOf } from './warnings.ts'

/** A policy that was read, and what its author should know. */
export interface ReadPolicy {
  readonly policy: ExplainingPolicy
  readonly document: AccessDocument
  /** What is allowed and probably not meant: `file:line:column: sentence` each. Worked out when it is looked at. */
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
export function readPolicy(text: string, file: string, surface: Surface): ReadPolicy {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  const read = readAccessDocument(text, file)
  const { document } = read
  const { rules, faults } = compileRules(document, surface)
  const { conditions: grantConditions, faults: grantFaults } = compileGrantConditions(document)
  const all = [...faults, ...grantFaults]
  if (all.length > 0) throw invalidPolicy(all.map((fault) => rendered(fault, read)))
  const parts = { digest, document, rules, grantConditions, surface }
  let warnings: readonly string[] | undefined
  return {
    policy: createPolicy(parts),
    document,
    get warnings() {
      warnings ??= warningsOf(parts, read.source)
      return warnings
    },
  }
}

function rendered({ path, offset, sentence }: PlacedFault, { source }: AccessSource): string {
  return `${source.within(path, offset)}: ${pathText(path)}: ${sentence}`
}
