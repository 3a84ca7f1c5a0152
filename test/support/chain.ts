import { CHAIN_START, type ChainEnd } from '../../src/audit/chain.ts'
import { misplaced, readLink } from '../../src/audit/read-link.ts'

/** The end of a chain that holds, or the first line (counted from 1) where it does not, and why. */
export type ChainVerdict =
  | { readonly ok: true; readonly end: ChainEnd }
  | { readonly ok: false; readonly line: number; readonly problem: string }

/**
 * Checks that lines follow each other unchanged.
 *
 * @param lines without line breaks
 * @param after where the chain stood before; null when that is not known, and then the first line is believed
 */
export function verifyChain(lines: Iterable<string>, after: ChainEnd | null = CHAIN_START): ChainVerdict {
  let end = after
  let line = 0
  for (const text of lines) {
    line++
    const next = readLink(Buffer.from(text))
    if (next === undefined) return { ok: false, line, problem: 'the line was changed or is incomplete' }
    const problem = end === null ? undefined : misplaced(next, end)
    if (problem !== undefined) return { ok: false, line, problem }
    end = next
  }
  return { ok: true, end: { seq: end?.seq ?? 0, hash: end?.hash ?? null } }
}
