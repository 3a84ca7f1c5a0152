import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { bubblewrapArguments, type SandboxEntry } from './bubblewrap.ts'
import { isReachable, listedEntry, systemEntries } from './bubblewrap-entries.ts'
import type { Isolation } from './options.ts'
import { baseEnvironment, pathOf } from './process-environment.ts'
import { limitArguments, SYSTEM_PATH, type ProcessHost, type StdioTransport } from './process-host.ts'
import { faulty, type LaunchPlan } from './process-launch.ts'
import { codeFault, homeFault, missingFault, ownFault } from './process-own.ts'
import { findProgram, notFound, systemProgram } from './process-program.ts'

type Sandbox = Extract<Isolation, { readonly kind: 'bubblewrap' }>

/** How an upstream is started in a sandbox of bubblewrap. Fails closed: what is Sallyport's own is in no sandbox. */
export async function planBubblewrap(
  transport: StdioTransport,
  sandbox: Sandbox,
  host: ProcessHost,
): Promise<LaunchPlan> {
  const notWorking = await host.bubblewrapFault()
  if (notWorking !== undefined) return faulty('isolation', notWorking)
  const [bwrap, prlimit] = [await systemProgram('bwrap'), await systemProgram('prlimit')]
  if (bwrap === undefined)
    return faulty('isolation', '"bwrap" is missing: "apt-get install bubblewrap" brings it')
  if (prlimit === undefined)
    return faulty('isolation', '"prlimit" is missing: "apt-get install util-linux" brings it')
  const { home, cwd = home, memory } = transport
  const entries = await entriesOf(transport, sandbox, host)
  const shown =
    (await shownFault(transport, entries, host)) ??
    (await codeFault({ write: sandbox.write, home }, host.code))
  if (shown !== undefined) return faulty('isolation', shown)
  const path = `${dirname(host.node)}:${SYSTEM_PATH}`
  const command = await findProgram(transport.command, pathOf(transport) ?? path, cwd)
  if (command === undefined) return faulty('program', notFound(transport.command))
  const hidden =
    (await missingFault([...sandbox.read, ...sandbox.write])) ??
    (await hiddenFault(transport, command, cwd, entries))
  if (hidden !== undefined) return faulty('program', hidden)
  return {
    kind: 'ready',
    environment: baseEnvironment(host, { path, home }),
    home,
    launch: (environment) => ({
      file: bwrap,
      args: ['--args', '3', '--', prlimit, ...limitArguments(host), command, ...transport.args],
      environment: { PATH: SYSTEM_PATH },
      cwd: '/',
      handedOver: bubblewrapArguments({
        entries,
        network: sandbox.network,
        temporary: Math.floor(memory / 2),
        cwd,
        environment,
      })
        .map((argument) => `${argument}\0`)
        .join(''),
      end: { kind: 'namespace' },
    }),
  }
}

async function entriesOf(
  { home }: StdioTransport,
  { read, write }: Sandbox,
  { node }: ProcessHost,
): Promise<readonly SandboxEntry[]> {
  const listed = await Promise.all([
    ...read.map(async (path) => listedEntry(path, false)),
    ...[...write, home].map(async (path) => listedEntry(path, true)),
  ])
  return [...(await systemEntries(node)), ...listed]
}

/** The own home lies in a folder of ours, and that is all of it that may be seen. */
async function shownFault(
  { home }: StdioTransport,
  entries: readonly SandboxEntry[],
  { own }: ProcessHost,
): Promise<string | undefined> {
  const paths = entries.flatMap(({ kind, target }) => (kind === 'link' || target === home ? [] : [target]))
  return (await ownFault(paths, own)) ?? (await homeFault(home, own))
}

/** Nothing is shown by guessing: what the command line names has to be listed. */
async function hiddenFault(
  { args }: StdioTransport,
  command: string,
  cwd: string,
  entries: readonly SandboxEntry[],
): Promise<string | undefined> {
  if (!(await isReachable(cwd, entries))) return notListed(cwd, cwd)
  if (!(await isReachable(command, entries))) return notListed(command, dirname(command))
  for (const path of args.map((argument) => resolve(cwd, argument)))
    if ((await isFile(path)) && !(await isReachable(path, entries))) return notListed(path, dirname(path))
  return undefined
}

function notListed(path: string, folder: string): string {
  return `${path} is not seen in its sandbox: add "read: [ ${JSON.stringify(packagesAround(folder))} ]" to it, with all that it needs there`
}

/** A package of npm needs those beside it. */
function packagesAround(folder: string): string {
  const end = folder.indexOf('/node_modules/')
  return end === -1 ? folder : folder.slice(0, end + '/node_modules'.length)
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
}
