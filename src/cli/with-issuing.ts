import type { Config } from '../config/config.ts'
import type { Issuing } from './issuing.ts'
import { openAudit } from './open-audit.ts'

/**
 * Runs a command that issues, with an audit trail of its own, which is closed in the end.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE`, and what `work` throws
 */
export async function withIssuing(config: Config, work: (where: Issuing) => Promise<void>): Promise<void> {
  const audit = await openAudit(config.audit)
  try {
    await work({ certs: config.certificates, audit, now: Date.now() })
  } finally {
    await audit.close()
  }
}
