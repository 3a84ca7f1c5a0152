import type { AuditSink, CertificateIssued } from '../audit/event.ts'
import type { Passphrase } from '../pki/encrypted-key.ts'
import type { Signer } from '../pki/certify.ts'
import type { Issuance } from '../pki/issuance.ts'
import type { Issued } from '../pki/issue.ts'
import { principalOf } from '../pki/ledger-state.ts'

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
 * @param event how it came about; by command unless given
 * @throws SallyportError `AUDIT_UNAVAILABLE`; then it must not be released
 */
export async function recordIssued(
  audit: AuditSink,
  principal: string,
  issued: Issued,
  event: CertificateIssued['event'] = 'certificate.issued',
): Promise<void> {
  await audit.record({
    event,
    principal,
    serial: issued.entry.serial,
    credential: issued.entry.thumbprint,
    expiresAt: issued.entry.notAfter,
  })
}

/** The issuing CA at work, with everything that it issues on the audit trail first, as `event`. */
export function issuanceWith(
  signer: Signer,
  { certs, audit, revocationListUrl }: Issuing,
  event: CertificateIssued['event'],
): Issuance {
  return {
    certs,
    signer,
    announce: async (issued) => await recordIssued(audit, principalOf(issued.entry), issued, event),
    ...(revocationListUrl === undefined ? {} : { revocationListUrl }),
  }
}
