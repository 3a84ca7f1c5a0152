import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Command } from 'commander'
import { SallyportError } from '../errors.ts'
import { loadConfig } from '../config/config.ts'
import { withFileLock } from '../pki/file-lock.ts'
import { findIdentity, type Identity } from './client-identity.ts'
import { assertHttpsUrl } from './https-url.ts'
import { identityFiles } from './identity-files.ts'
import { print, printJson, tell } from './print.ts'
import { renewalLock, renewalTime, renewIdentity } from './renewal.ts'
import { watchIdentity } from './watch-identity.ts'

interface Flags {
  readonly url?: string
  readonly dir?: string
  readonly force?: true
  readonly watch?: true
  readonly exec?: string
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport cert renew billing --url https://door.example:8443
  npx sallyport cert renew billing --force --json
  npx sallyport cert renew billing --watch --exec "systemctl reload billing"

A certificate is due when two thirds of its life are over. One that has expired, or is revoked, is not renewed: it needs
a new enrolment token ("npx sallyport cert token NAME", then "npx sallyport enroll URL --replace").

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport cert renew`: renews a client's certificate over the network, once or for as long as it runs. */
export function certRenewCommand(): Command {
  return new Command('renew')
    .description(
      'Renew the certificate of a client over the network, by the certificate itself, with a new key.',
    )
    .argument('<name>', 'the client, of certs/clients here or of ~/.config/sallyport/clients')
    .option('--url <url>', 'of the door for certificates; by default the one that sallyport.yaml configures')
    .option('--dir <folder>', 'the folder of the identity, wherever it is')
    .option('--force', 'renew it even if it is not due')
    .option('--watch', 'stay, and renew it again and again')
    .option('--exec <command>', 'run this in the shell after each renewal')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

async function run(name: string, flags: Flags): Promise<void> {
  const url = urlOf(flags)
  const find = async (): Promise<Identity> => findIdentity({ as: name, dir: flags.dir, now: Date.now() })
  const renew = async (identity: Identity): Promise<Identity> =>
    withFileLock(renewalLock(identity), async () => {
      const found = await find()
      return found.certificate === identity.certificate ? renewIdentity(found, url, { now: Date.now }) : found
    })
  if (flags.watch === true) return watch(name, { find, renew }, flags)
  const identity = await find()
  const due = renewalTime(identity, 0)
  if (flags.force !== true && Date.now() < due) return report(identity, false, due, flags)
  const renewed = await renew(identity)
  await execute(flags.exec)
  report(renewed, true, renewalTime(renewed, 0), flags)
}

interface Work {
  readonly find: () => Promise<Identity>
  readonly renew: (identity: Identity) => Promise<Identity>
}

async function watch(name: string, work: Work, { exec, json }: Flags): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await watchIdentity({
      ...work,
      renewed: async (identity) => {
        if (json === true) report(identity, true, renewalTime(identity, 0), { json })
        await execute(exec)
      },
      say: (line) => tell(`${name}: ${line}`),
      now: Date.now,
      wait: async (ms) => wait(ms, undefined, { signal }).catch(() => undefined),
      random: Math.random,
      signal,
    })
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/** What runs after a renewal is cut off after this long, in ms. */
const LONGEST_COMMAND = 5 * 60_000

/** Runs a command in the shell. What goes wrong with it is said, and stops nothing. */
async function execute(command: string | undefined): Promise<void> {
  if (command === undefined) return
  try {
    const child = spawn(command, {
      shell: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: LONGEST_COMMAND,
    })
    await once(child, 'exit')
    const end = child.exitCode ?? child.signalCode
    if (end !== 0) tell(`the command after the renewal failed (${end}): ${command}`)
  } catch (error) {
    tell(`the command after the renewal cannot be run (${String(error)}): ${command}`)
  }
}

function urlOf({ url }: Flags): URL {
  if (url !== undefined) return assertHttpsUrl(url)
  const { file, listeners } = loadConfig(process.env, process.cwd())
  if (file !== null) return new URL(`https://localhost:${listeners.certificates.port}`)
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    'there is no sallyport.yaml here that says where the server is: say --url https://HOST:8443',
  )
}

function report(identity: Identity, renewed: boolean, due: number, { json }: Pick<Flags, 'json'>): void {
  const { name, directory, notAfter } = identity
  const { certificate, key } = identityFiles(directory)
  const [expiresAt, dueAt] = [new Date(notAfter).toISOString(), new Date(due).toISOString()]
  if (json === true) return printJson({ name, renewed, certificate, key, expiresAt, dueAt })
  if (!renewed) return print(`not due before ${dueAt}, and good until ${expiresAt}: --force renews it now`)
  print(`certificate  ${certificate}`)
  print(`key          ${key}`)
  print(`expires      ${expiresAt}`)
}
