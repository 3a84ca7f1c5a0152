import { Command } from 'commander'
import { callCommand } from './call.ts'
import { certCommand } from './cert.ts'
import { completionCommand } from './completion.ts'
import { clientCommand } from './client.ts'
import { connectCommand } from './connect.ts'
import { doctorCommand } from './doctor.ts'
import { enrollCommand } from './enroll.ts'
import { initCaCommand } from './init-ca.ts'
import { initCommand } from './init.ts'
import { issueClientCertCommand } from './issue-client-cert.ts'
import { issueServerCertCommand } from './issue-server-cert.ts'
import { issuerCommand } from './issuer.ts'
import { loginCommand } from './login.ts'
import { logoutCommand } from './logout.ts'
import { runCommand } from './run-command.ts'
import { serveCommand } from './serve.ts'
import { sessionCommand } from './session.ts'
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
    .addCommand(doctorCommand())
    .addCommand(toolsCommand())
    .addCommand(callCommand())
    .addCommand(loginCommand())
    .addCommand(logoutCommand())
    .addCommand(connectCommand())
    .addCommand(clientCommand())
    .addCommand(userCommand())
    .addCommand(sessionCommand())
    .addCommand(certCommand())
    .addCommand(enrollCommand())
    .addCommand(initCaCommand())
    .addCommand(issueClientCertCommand())
    .addCommand(issueServerCertCommand())
    .addCommand(issuerCommand())
    .addCommand(completionCommand())
  return runCommand(program, args)
}
