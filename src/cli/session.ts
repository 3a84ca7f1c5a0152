import { Command } from 'commander'
import { sessionListCommand } from './session-list.ts'
import { sessionRevokeCommand } from './session-revoke.ts'

/** `sallyport session`: where people are logged in. */
export function sessionCommand(): Command {
  return new Command('session')
    .description('List the sessions of the people who log in, and end them.')
    .addCommand(sessionListCommand())
    .addCommand(sessionRevokeCommand())
}
