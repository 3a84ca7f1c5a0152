import process from 'node:process'
import { loadConfig, type Config } from '../config/config.ts'
import type { Issuing } from './issuing.ts'
import { openAudit } from './open-audit.ts'

/**
 * Runs a command that issues, with the configuration of the working directory and an audit trail of its own, which is
 * closed in the end.
 *
 * @throws SallyportError `CONFIGURATION_INVALID`, `AUDIT_UNAVAILABLE`, and what `work` throws
 */
export async function withIssuing(work: (where: Issuing, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env, process.cwd())
  const audit = await openAudit(config.audit)
  try {
    await work({ certs: config.certificates, audit, now: Date.now() }, config)
  } finally {
    await audit.close()
  }
}
