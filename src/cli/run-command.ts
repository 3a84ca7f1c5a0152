import { CommanderError, type Command } from 'commander'
import { tell } from './print.ts'

/**
 * Runs a command line program.
 *
 * @param args without node and script
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage
 */
export async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  try {
    await throwing(command).parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const message = error instanceof Error ? error.message : String(error)
    for (const line of message.split('\n')) tell(`${command.name()}: ${line}`)
    return 1
  }
}

/** Makes a command and its sub-commands throw instead of ending the process. */
function throwing(command: Command): Command {
  for (const child of command.commands) throwing(child)
  return command.exitOverride().showHelpAfterError(`("${pathOf(command)} --help" shows how)`)
}

/** The words that call a command: `sallyport user add`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
