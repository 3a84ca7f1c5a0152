import { Command } from 'commander'
import { lockApproveCommand } from './lock-approve.ts'
import { lockDiffCommand } from './lock-diff.ts'
import { lockListCommand } from './lock-list.ts'
import { lockRemoveCommand } from './lock-remove.ts'
import { lockVerifyCommand } from './lock-verify.ts'

/** `sallyport lock`: what of upstream servers was approved, and is served. */
export function lockCommand(): Command {
  return new Command('lock')
    .description('Compare, approve, take back, check and list what upstream servers offer.')
    .addCommand(lockDiffCommand())
    .addCommand(lockApproveCommand())
    .addCommand(lockRemoveCommand())
    .addCommand(lockVerifyCommand())
    .addCommand(lockListCommand())
}
