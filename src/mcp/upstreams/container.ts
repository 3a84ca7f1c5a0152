/** What {@link containerArguments} takes. */
export interface ContainerOptions {
  readonly name: string
  readonly image: string
  /** What of the machine is seen in it, by the same path. */
  readonly mounts: readonly {
    readonly source: string
    readonly target: string
    readonly isWritable: boolean
  }[]
  readonly network: boolean
  /** Bytes; of memory, with nothing swapped beyond. */
  readonly memory: number
  /** Processes and threads. */
  readonly tasks: number
  readonly user: { readonly uid: number; readonly gid: number }
  /** Whether the engine runs as we do and is not root: then its user is ours, too. */
  readonly isRootless: boolean
  readonly home: string
  readonly cwd: string
  /** Names of variables whose values the engine's client has: the values would be seen in its command line. */
  readonly variables: readonly string[]
  readonly command: string
  readonly args: readonly string[]
}

/**
 * The arguments of `docker` or `podman` that run a command in a new container, with its stdin and stdout. The engine
 * keeps no log of them: what tools return would be in it.
 */
export function containerArguments(options: ContainerOptions): readonly string[] {
  const { name, image, network, memory, tasks, user, home, cwd, command } = options
  return [
    ['run', '--rm', '--interactive', '--init', '--name', name, '--log-driver', 'none'],
    network ? [] : ['--network', 'none'],
    ['--read-only', '--tmpfs', `/tmp:rw,nosuid,nodev,size=${Math.floor(memory / 2)}`],
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ['--memory', String(memory), '--memory-swap', String(memory), '--pids-limit', String(tasks)],
    ['--user', `${user.uid}:${user.gid}`, ...(options.isRootless ? ['--userns', 'keep-id'] : [])],
    options.mounts.flatMap(mountArguments),
    ['--workdir', cwd, '--env', `HOME=${home}`, '--env', 'TMPDIR=/tmp'],
    options.variables.flatMap((variable) => ['--env', variable]),
    [image, command, ...options.args],
  ].flat()
}

/** Its fields are those of a line of CSV (RFC 4180). */
function mountArguments({
  source,
  target,
  isWritable,
}: ContainerOptions['mounts'][number]): readonly string[] {
  const fields = ['type=bind', `source=${source}`, `target=${target}`, ...(isWritable ? [] : ['readonly'])]
  return ['--mount', fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')]
}
