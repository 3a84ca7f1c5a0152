import { Command } from 'commander'
import { callCommand } from './call.ts'
import { initCommand } from './init.ts'
import { runCommand } from './run-command.ts'
import { serveCommand } from './serve.ts'
import { startCommand } from './start.ts'
import { toolsCommand } from './tools.ts'
import { VERSION } from '../version.ts'
import { userCommand } from './user.ts'

/**
 * The `sallyport` command.
 *
 * @param args without node and script
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command('sallyport')
    .description('The zero-trust door to MCP tools.')
    .version(VERSION)
    .addCommand(initCommand())
    .addCommand(serveCommand())
    .addCommand(startCommand())
    .addCommand(toolsCommand())
    .addCommand(callCommand())
    .addCommand(userCommand())
  return runCommand(program, args)
}
