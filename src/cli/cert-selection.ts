import type { LedgerState } from '../pki/ledger-state.ts'
import type { Selection } from '../pki/revoke.ts'

/** What somebody means who writes a name or a serial: a serial if the ledger knows it as one. */
export function selectionOf(nameOrSerial: string, { certificates }: LedgerState): Selection {
  const serial = nameOrSerial.replaceAll(':', '').toUpperCase()
  return certificates.has(serial) ? { serial } : { name: nameOrSerial }
}
