import { randomBytes } from 'node:crypto'
import { pid } from 'node:process'
import { fileAuditSink, type FileAuditSink } from '../audit/sink.ts'
import type { Config } from '../config/config.ts'
import { auditSigner } from './audit-keys.ts'
import { auditMirrors } from './audit-mirrors.ts'
import { tell } from './print.ts'

/**
 * Opens the audit trail for this process: a chain of its own, named by process id and a random suffix, signed, and sent
 * wherever the configuration wants it.
 *
 * @param onProblem told when a copy elsewhere fails, and when it works again
 * @throws SallyportError `AUDIT_UNAVAILABLE`
 */
export async function openAudit(
  config: Config,
  onProblem: (problem: string) => void = tell,
): Promise<FileAuditSink> {
  const { directory, largestFile, checkpoints } = config.auditTrail
  return fileAuditSink({
    directory,
    writer: `${pid}-${randomBytes(4).toString('hex')}`,
    now: Date.now,
    seal: { signer: await auditSigner(config), lines: checkpoints.lines, ms: checkpoints.every },
    largestFile,
    mirrors: auditMirrors(config, onProblem),
  })
}
