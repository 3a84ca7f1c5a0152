import { readFile, stat } from 'node:fs/promises'
import { baseEnvironment, pathOf } from './process-environment.ts'
import { limitArguments, SYSTEM_PATH, type ProcessHost, type StdioTransport } from './process-host.ts'
import { faulty, type LaunchPlan } from './process-launch.ts'
import { ownFault } from './process-own.ts'
import { findProgram, notFound, systemProgram } from './process-program.ts'

/** A user of this machine. */
export interface SystemUser {
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/**
 * How an upstream is started as another user. Its home is that user's own: ours are in a folder that nobody else can
 * pass. The kernel keeps it from our files, environment and memory; it sees what everybody sees, and the network. What
 * leaves its process group and takes off its mark (`process-mark.ts`) is not ended with it.
 */
export async function planUser(
  transport: StdioTransport,
  name: string,
  host: ProcessHost,
): Promise<LaunchPlan> {
  if (host.uid !== 0) return faulty('isolation', `Only root can start it as the user ${JSON.stringify(name)}`)
  const user = systemUser(name, await readFile(host.passwd, 'utf8').catch(() => ''))
  if (user === undefined)
    return faulty(
      'isolation',
      `There is no user ${JSON.stringify(name)} in ${host.passwd}: "useradd --system --create-home" makes one`,
    )
  const fault = await userFault(name, user, host)
  if (fault !== undefined) return faulty('isolation', fault)
  const [setpriv, prlimit] = [await systemProgram('setpriv'), await systemProgram('prlimit')]
  if (setpriv === undefined || prlimit === undefined)
    return faulty('isolation', '"setpriv" or "prlimit" is missing: "apt-get install util-linux" brings both')
  const { cwd = user.home } = transport
  const command = await findProgram(transport.command, pathOf(transport) ?? SYSTEM_PATH, cwd)
  if (command === undefined) return faulty('program', notFound(transport.command))
  const limited = [prlimit, ...limitArguments(host), command, ...transport.args]
  return {
    kind: 'ready',
    environment: baseEnvironment(host, { path: SYSTEM_PATH, home: user.home }),
    launch: (environment) => ({
      file: setpriv,
      args: ['--no-new-privs', '--', ...limited],
      environment,
      cwd,
      // Before the first program runs: `LD_PRELOAD` of the configuration may name a file that the upstream can change.
      identity: user,
      end: { kind: 'group' },
    }),
  }
}

async function userFault(
  name: string,
  user: SystemUser,
  { uid, own }: ProcessHost,
): Promise<string | undefined> {
  if (user.uid === 0 || user.gid === 0 || user.uid === uid)
    return `The user ${JSON.stringify(name)} can read all that is Sallyport's: name another one`
  const owner = await stat(user.home).catch(() => undefined)
  if (owner?.uid !== user.uid || !owner.isDirectory())
    return `The user ${JSON.stringify(name)} needs a home of its own: ${user.home} is none`
  return ownFault([user.home], own)
}

/** A user by name, as passwd(5) has it. */
export function systemUser(name: string, passwd: string): SystemUser | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name)
  const [, , uid = '', gid = '', , home = ''] = fields ?? []
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid) || !home.startsWith('/')) return undefined
  return { uid: Number(uid), gid: Number(gid), home }
}
