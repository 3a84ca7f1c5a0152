import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { basename } from 'node:path'
import { containerArguments, type ContainerOptions } from './container.ts'
import type { Isolation } from './options.ts'
import { SYSTEM_PATH, type ProcessHost, type StdioTransport } from './process-host.ts'
import { faulty, type LaunchPlan } from './process-launch.ts'
import { codeFault, homeFault, missingFault, ownFault, realPathOf } from './process-own.ts'
import { findProgram } from './process-program.ts'

type Container = Extract<Isolation, { readonly kind: 'container' }>

/** Variables that the engine's client, which runs as we do, would take for its own. */
const OF_CLIENT = /^(?:HOME|PATH|TMPDIR|LD_.*|DOCKER_.*|CONTAINERS?_.*|XDG_.*|GO[A-Z]*)$/

/** How an upstream is started in a container of its own. */
export async function planContainer(
  transport: StdioTransport,
  container: Container,
  host: ProcessHost,
): Promise<LaunchPlan> {
  const engine = await findProgram(container.engine, SYSTEM_PATH, '/')
  if (engine === undefined)
    return faulty(
      'isolation',
      `${JSON.stringify(container.engine)} is not installed: it runs the containers of upstreams`,
    )
  const { home, env } = transport
  const listed = [...container.read, ...container.write]
  const fault =
    clientsFault(Object.keys(env)) ??
    (await ownFault(listed, host.own)) ??
    (await homeFault(home, host.own)) ??
    (await codeFault({ write: container.write, home }, host.code))
  if (fault !== undefined) return faulty('isolation', fault)
  const missing = await missingFault(listed)
  if (missing !== undefined) return faulty('program', missing)
  const mounts = await mountsOf(transport, container)
  return {
    kind: 'ready',
    environment: {},
    home,
    launch: (environment) => {
      const name = `sallyport-${randomBytes(8).toString('hex')}`
      const options = optionsOf(transport, container, host)
      const variables = Object.keys(environment)
      return {
        file: engine,
        args: containerArguments({ ...options, name, mounts, variables }),
        environment: { ...environment, ...clientEnvironment(host) },
        cwd: '/',
        end: { kind: 'command', line: [engine, 'rm', '--force', name] },
      }
    },
  }
}

function optionsOf(
  { command, args, home, cwd = home, memory }: StdioTransport,
  { engine, image, network }: Container,
  { uid, gid, tasks }: ProcessHost,
): Omit<ContainerOptions, 'name' | 'mounts' | 'variables'> {
  const isRootless = basename(engine) === 'podman' && uid !== 0
  return {
    command,
    args,
    home,
    cwd,
    memory,
    image,
    network,
    isRootless,
    user: { uid, gid },
    tasks,
  }
}

/** A rootless engine finds its containers by these. */
function clientEnvironment({ uid }: ProcessHost): Readonly<Record<string, string>> {
  return { PATH: SYSTEM_PATH, HOME: userInfo().homedir, XDG_RUNTIME_DIR: `/run/user/${uid}` }
}

function clientsFault(names: readonly string[]): string | undefined {
  const name = names.find((one) => OF_CLIENT.test(one))
  return name === undefined
    ? undefined
    : `The variable ${name} cannot be given to a container: the engine's client would take it for its own`
}

async function mountsOf(
  { home }: StdioTransport,
  { read, write }: Container,
): Promise<ContainerOptions['mounts']> {
  const mount = (isWritable: boolean) => async (target: string) => ({
    source: await realPathOf(target),
    target,
    isWritable,
  })
  return Promise.all([...read.map(mount(false)), ...[...write, home].map(mount(true))])
}
