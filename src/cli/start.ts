import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { loadConfig, type Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { authorityFiles, clientFiles } from '../pki/files.ts'
import type { ListeningPorts } from '../server.ts'
import { configuration } from './configuration.ts'
import { FIRST_CLIENTS } from './first-clients.ts'
import { issuerAnswers } from './issuer-client.ts'
import { keepIssuer } from './keep-issuer.ts'
import { launcherPath } from './launcher.ts'
import { print, tell } from './print.ts'
import { listeningLines, serve } from './serve.ts'

/** `sallyport start`, which is `npm start`: init, then serve. */
export function startCommand(): Command {
  return new Command('start')
    .description('Make what is missing, then serve: init, issuer and serve in one.')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      // Said here, a fault of the configuration is said once, and before anything is made.
      const { sessions, sessionSecrets, factorKeys } = loadConfig(process.env, process.cwd())
      if (sessions.secretFile === null) sessionSecrets()
      if (sessions.factorKeyFile === null) factorKeys()
      await initElsewhere()
      const config = configuration()
      await withIssuer(config, async () => {
        await serve(config, (ports) => {
          for (const line of ['', ...listeningLines(config, ports), ...nextLines(config, ports)]) print(line)
        })
      })
    })
}

const EXAMPLES = `
Examples:
  npm start
  SALLYPORT_PORT=9443 SALLYPORT_LOGIN_PORT=9444 SALLYPORT_OPERATIONS_PORT=9465 npm start`

/** Commands to try, as they work in another terminal, where the variables of this one are not set. */
function nextLines({ certificates }: Config, ports: ListeningPorts): readonly string[] {
  if (!existsSync(clientFiles(certificates, 'demo').certificate)) return []
  const elsewhere = process.env['SALLYPORT_PORT'] === undefined ? '' : `SALLYPORT_PORT=${ports.certificates} `
  const commands = [
    'npx sallyport tools --as demo',
    `npx sallyport call notes_write '{"id":"hello","text":"Hello from Sallyport"}' --as admin-cli`,
    'npm run issue-client-cert -- billing --role reader',
  ]
  return ['', 'Try next, in another terminal:', ...commands.map((command) => `  ${elsewhere}${command}`)]
}

/** With an issuer beside it, where the issuing key is at hand. */
async function withIssuer({ certificates, issuer }: Config, work: () => Promise<void>): Promise<void> {
  const { issuingKey } = authorityFiles(certificates)
  if (!existsSync(issuingKey)) {
    if (!(await issuerAnswers(issuer.socket)))
      tell(
        `sallyport: no issuer runs, since ${issuingKey} is not here: nothing is renewed or enrolled until ` +
          `"npx sallyport issuer" listens at ${issuer.socket}`,
      )
    return await work()
  }
  const kept = keepIssuer(
    issuer.socket,
    FIRST_CLIENTS.flatMap(({ name }) => ['--keep', name]),
  )
  try {
    await kept.settled
    await work()
  } finally {
    await kept.stop()
  }
}

/** In a process of its own: one that serves never holds a key of the CA. */
async function initElsewhere(): Promise<void> {
  const child = spawn(process.execPath, [launcherPath(), 'init'], { stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('exit', resolve).once('error', reject),
  )
  if (code !== 0) throw new SallyportError('CONFIGURATION_INVALID', 'nothing is served: see above')
}
