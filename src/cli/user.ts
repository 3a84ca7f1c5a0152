import { Command } from 'commander'
import { userAddCommand } from './user-add.ts'
import { userDisableCommand, userEnableCommand } from './user-disable.ts'
import { userListCommand } from './user-list.ts'
import { userResetMfaCommand, userResetPasswordCommand } from './user-reset.ts'

/** `sallyport user`: the people who log in. */
export function userCommand(): Command {
  return new Command('user')
    .description('Add and list the people who log in, disable them, and reset what they log in by.')
    .addCommand(userAddCommand())
    .addCommand(userListCommand())
    .addCommand(userDisableCommand())
    .addCommand(userEnableCommand())
    .addCommand(userResetPasswordCommand())
    .addCommand(userResetMfaCommand())
}
