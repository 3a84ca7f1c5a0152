import { Command } from 'commander'
import { auditSearchCommand } from './audit-search.ts'
import { auditTailCommand } from './audit-tail.ts'
import { auditVerifyCommand } from './audit-verify.ts'

/** `sallyport audit`: what happened, and whether it was altered. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('Verify the audit trail, follow it, and search it.')
    .addCommand(auditVerifyCommand())
    .addCommand(auditTailCommand())
    .addCommand(auditSearchCommand())
}
