import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { runCommand } from './run-command.ts'

/** A command by its name, in the order of the help. Each brings its libraries along, so only what runs is loaded. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['init', async () => (await import('./init.ts')).initCommand()],
  ['serve', async () => (await import('./serve.ts')).serveCommand()],
  ['start', async () => (await import('./start.ts')).startCommand()],
  ['doctor', async () => (await import('./doctor.ts')).doctorCommand()],
  ['tools', async () => (await import('./tools.ts')).toolsCommand()],
  ['call', async () => (await import('./call.ts')).callCommand()],
  ['login', async () => (await import('./login.ts')).loginCommand()],
  ['logout', async () => (await import('./logout.ts')).logoutCommand()],
  ['connect', async () => (await import('./connect.ts')).connectCommand()],
  ['client', async () => (await import('./client.ts')).clientCommand()],
  ['access', async () => (await import('./access.ts')).accessCommand()],
  ['user', async () => (await import('./user.ts')).userCommand()],
  ['vault', async () => (await import('./vault.ts')).vaultCommand()],
  ['session', async () => (await import('./session.ts')).sessionCommand()],
  ['cert', async () => (await import('./cert.ts')).certCommand()],
  ['enroll', async () => (await import('./enroll.ts')).enrollCommand()],
  ['init-ca', async () => (await import('./init-ca.ts')).initCaCommand()],
  ['issue-client-cert', async () => (await import('./issue-client-cert.ts')).issueClientCertCommand()],
  ['issue-server-cert', async () => (await import('./issue-server-cert.ts')).issueServerCertCommand()],
  ['issuer', async () => (await import('./issuer.ts')).issuerCommand()],
  ['upstreams', async () => (await import('./upstreams.ts')).upstreamsCommand()],
  ['lock', async () => (await import('./lock.ts')).lockCommand()],
  ['audit', async () => (await import('./audit.ts')).auditCommand()],
  ['completion', async () => (await import('./completion.ts')).completionCommand(wholeProgram)],
])

/**
 * The `sallyport` command.
 *
 * @param args without node and script
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const load = COMMANDS.get(args[0] ?? '')
  return runCommand(load === undefined ? await wholeProgram() : programOf([await load()]), args)
}

async function wholeProgram(): Promise<Command> {
  return programOf(await Promise.all(Array.from(COMMANDS.values(), async (load) => load())))
}

function programOf(commands: readonly Command[]): Command {
  const program = new Command('sallyport').description('The zero-trust door to MCP tools.').version(VERSION)
  for (const command of commands) program.addCommand(command)
  return program
}
