import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { Command, Option } from 'commander'
import { loadConfig, type Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import { clientFiles } from '../pki/files.ts'
import { CLIENT_APPLICATIONS, type ClientApplication, type Surroundings } from './client-applications.ts'
import { setupOf, undoOf, type ClientChange, type ClientFile } from './client-change.ts'
import { entryFor, type BridgeCommand } from './client-entry.ts'
import { backupOf, readClientFile, writeClientFile } from './client-files.ts'
import { findIdentity } from './client-identity.ts'
import { confirm } from './confirm.ts'
import { endpointOf } from './connect.ts'
import { launcherPath } from './launcher.ts'
import { lineDiff } from './line-diff.ts'
import { print, printJson, tell } from './print.ts'
import { visible } from './visible.ts'

interface Flags {
  readonly client?: readonly string[]
  readonly as: string
  readonly dir?: string
  readonly url?: string
  readonly undo?: true
  readonly dryRun?: true
  readonly yes?: true
  readonly json?: true
}

const EXAMPLES = `
Examples:
  npx sallyport client setup --dry-run
  npx sallyport client setup --client claude-desktop --as demo
  npx sallyport client setup --client vscode cursor --url https://door.example:8443/mcp --yes
  npx sallyport client setup --undo

Without --client, the clients that are found are set up. Every change is shown first; a copy of the file as it was stays
beside it. --undo takes our entry out again, and nothing else. A client reads its configuration when it starts.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`

/** `sallyport client setup`: writes `sallyport connect` into the configuration of the common MCP clients, and takes it out again. */
export function clientSetupCommand(): Command {
  return new Command('setup')
    .description('Let Claude Desktop, Claude Code, VS Code or Cursor start "sallyport connect".')
    .addOption(
      new Option('--client <name...>', 'which; by default those that are found').choices(
        CLIENT_APPLICATIONS.map(({ name }) => name),
      ),
    )
    .option(
      '--as <name>',
      'the client whose certificate to use, of certs/clients here or of ~/.config/sallyport',
      'demo',
    )
    .option('--dir <folder>', 'the folder of the identity, wherever it is')
    .option('--url <url>', 'the MCP endpoint; by default the one that sallyport.yaml configures')
    .option('--undo', 'take our entry out again')
    .option('--dry-run', 'show what would be changed, and change nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

interface Planned {
  readonly application: ClientApplication
  readonly file: ClientFile
  readonly change: ClientChange
}

async function run(flags: Flags): Promise<void> {
  const where = { platform: process.platform, home: homedir(), env: process.env }
  const applications = chosen(flags, where)
  const command = flags.undo === true ? undefined : await commandOf(flags)
  const plans = await Promise.all(
    applications.map(async (application) => planned(application, command, where)),
  )
  for (const plan of plans) show(plan, flags)
  const isWritten = flags.dryRun !== true && (await isAgreed(plans, flags))
  if (isWritten)
    for (const { file, change } of plans) if (change.kind !== 'none') await writeClientFile(file, change)
  report(plans, isWritten, flags)
}

function chosen({ client }: Flags, where: Surroundings): readonly ClientApplication[] {
  if (client !== undefined) return CLIENT_APPLICATIONS.filter(({ name }) => client.includes(name))
  const found = CLIENT_APPLICATIONS.filter(({ traces }) => traces(where).some((path) => existsSync(path)))
  if (found.length > 0) return found
  const names = CLIENT_APPLICATIONS.map(({ name }) => name).join(', ')
  throw new SallyportError('NOT_FOUND', `no client was found here: name one with --client (${names})`)
}

async function planned(
  application: ClientApplication,
  command: BridgeCommand | undefined,
  where: Surroundings,
): Promise<Planned> {
  const file = await readClientFile(application.file(where))
  const change =
    command === undefined
      ? undoOf(application, file)
      : setupOf(application, file, entryFor(application, command))
  return { application, file, change }
}

/** What a client is to start. The identity has to be there and good: better said now than in the log of a client. */
async function commandOf({ as, dir, url }: Flags): Promise<BridgeCommand> {
  const identity = await findIdentity({ as, dir, now: Date.now() })
  const config = dir === undefined ? loadConfig(process.env, process.cwd()) : undefined
  return {
    node: process.execPath,
    launcher: launcherPath(),
    url: endpointOf(url).href,
    identity: installed(config, as, identity.directory) ?? { kind: 'folder', dir: identity.directory },
  }
}

function installed(
  config: Config | undefined,
  as: string,
  directory: string,
): BridgeCommand['identity'] | undefined {
  if (config === undefined || config.file === null) return undefined
  const isOfInstallation = clientFiles(config.certificates, as).directory === directory
  return isOfInstallation ? { kind: 'installation', as, configuration: config.file } : undefined
}

function show(
  { application: { title }, file: { path, text }, change: { kind, after } }: Planned,
  { json }: Flags,
): void {
  if (json === true || kind === 'none') return
  print(`${title}: ${path}${text === undefined ? ' (new)' : ''}${after === undefined ? ' (goes)' : ''}`)
  for (const line of lineDiff(text ?? '', after ?? '')) print(`  ${visible(line)}`)
  print('')
}

async function isAgreed(plans: readonly Planned[], { yes }: Flags): Promise<boolean> {
  const changes = plans.filter(({ change }) => change.kind !== 'none').length
  if (changes === 0 || yes === true) return true
  const answer = await confirm(changes === 1 ? 'Change this file?' : `Change these ${changes} files?`)
  if (answer !== undefined) return answer
  throw new SallyportError(
    'REFUSED',
    'nobody can be asked here, so nothing was changed: say --yes to change it, or --dry-run',
  )
}

const DONE = {
  none: 'needs no change',
  add: 'is set up',
  update: 'is set up anew',
  remove: 'starts sallyport no more',
} as const

function report(plans: readonly Planned[], isWritten: boolean, { json, dryRun }: Flags): void {
  if (json === true)
    return printJson(
      plans.map(({ application, file, change }) => ({
        client: application.name,
        file: file.path,
        change: change.kind,
        written: isWritten && change.kind !== 'none',
        backup: isWritten && change.kind === 'add' && file.text !== undefined ? backupOf(file.path) : null,
      })),
    )
  for (const { application, change } of plans)
    if (isWritten || change.kind === 'none') print(`${application.title} ${DONE[change.kind]}`)
  if (!isWritten) tell(dryRun === true ? 'nothing was changed (--dry-run)' : 'nothing was changed')
  else if (plans.some(({ change }) => change.kind !== 'none'))
    tell('a client that runs reads this when it is started again')
}
