import { Command } from 'commander'
import { clientSetupCommand } from './client-setup.ts'

/** `sallyport client`: the programs that use us. */
export function clientCommand(): Command {
  return new Command('client')
    .description('Set up MCP clients on this machine.')
    .addCommand(clientSetupCommand())
}
