import { SallyportError } from '../errors.ts'
import type { Issued } from './issue.ts'
import type { LedgerCertificate } from './ledger-state.ts'
import { LIFETIME } from './profile.ts'

/** How long a line of renewals lasts at most, in ms; then it takes a new enrolment. */
export const LONGEST_LINEAGE: number = LIFETIME.longestClient

/** When the line of a certificate ends, in ms since the epoch: nothing in it may live longer. */
export function endOfLineage({ lineageStartedAt }: LedgerCertificate): number {
  return lineageStartedAt + LONGEST_LINEAGE
}

/** The same certificate, in the ledger as the one that renews `parent`, and of its line. */
export function renewing<T extends Issued>(issued: T, parent: LedgerCertificate): T {
  const { serial, lineage, lineageStartedAt } = parent
  const entry = {
    ...issued.entry,
    lineage,
    lineageStartedAt: new Date(lineageStartedAt).toISOString(),
    parent: serial,
  }
  return { ...issued, entry }
}

/**
 * The same certificate, as the one that renews `parent` and begins a line anew: for who holds the CA and may enrol
 * whom he likes. Revoking the parent ends it all the same.
 */
export function succeeding<T extends Issued>(issued: T, parent: LedgerCertificate): T {
  return { ...issued, entry: { ...issued.entry, parent: parent.serial } }
}

/** @throws SallyportError `CERTIFICATE_INVALID` if that time is over, so that the CA's own end cut it to nothing */
export function assertLives({ expiresAt }: Issued, now: number): void {
  if (expiresAt > now) return
  throw new SallyportError(
    'CERTIFICATE_INVALID',
    'the issuing CA has expired: nothing it signs would be valid',
  )
}
