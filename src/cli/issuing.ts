import type { AuditSink } from '../audit/event.ts'
import type { Passphrase } from '../pki/encrypted-key.ts'
import type { Issued } from '../pki/issue.ts'

/** What every command that issues needs: where, on which record, and when. */
export interface Issuing {
  /** The certs directory. */
  readonly certs: string
  /** Asked for the passphrase of a CA key, where that is encrypted. */
  readonly passphrase?: Passphrase
  /** Where revocation lists are published, to be named in what is issued. */
  readonly revocationListUrl?: string
  readonly audit: AuditSink
  /** ms since the epoch */
  readonly now: number
}

/**
 * Puts a certificate on the audit trail, before it is released.
 *
 * @param principal whom it is for: `service:billing`, or `server`
 * @throws SallyportError `AUDIT_UNAVAILABLE`; then it must not be released
 */
export async function recordIssued(audit: AuditSink, principal: string, issued: Issued): Promise<void> {
  await audit.record({
    event: 'certificate.issued',
    principal,
    serial: issued.entry.serial,
    credential: issued.entry.thumbprint,
    expiresAt: issued.entry.notAfter,
  })
}
