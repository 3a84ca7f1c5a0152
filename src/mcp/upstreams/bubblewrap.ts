/** What of the machine stands in a sandbox. */
export type SandboxEntry =
  | { readonly kind: 'link'; readonly text: string; readonly target: string }
  | {
      readonly kind: 'bind'
      /** Where it really is. */
      readonly source: string
      /** By which path it is seen. */
      readonly target: string
      readonly isWritable: boolean
    }

/** What {@link bubblewrapArguments} takes. */
export interface BubblewrapOptions {
  readonly entries: readonly SandboxEntry[]
  readonly network: boolean
  /** Bytes of `/tmp`, and of `/dev/shm`: both are memory. */
  readonly temporary: number
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The arguments of bubblewrap (0.8 or newer) before the command, to be handed over by `--args FD`: the environment is
 * among them, and nobody else may see it.
 *
 * - A user namespace is asked for by name: `--unshare-all` alone goes on without one where it cannot be had.
 * - Nobody in it can make another namespace, which is what most holes of the kernel are reached by.
 * - `/proc` is read-only: the root of a user namespace that is our root, too, owns `/proc/sys/kernel/core_pattern`, and
 *   no capability is needed to write to what one owns.
 * - `/` and `/dev` are read-only since they are memory, without a bound.
 */
export function bubblewrapArguments(options: BubblewrapOptions): readonly string[] {
  const { entries, network, temporary, cwd, environment } = options
  const size = String(temporary)
  return [
    ['--unshare-user', '--unshare-all', ...(network ? ['--share-net'] : []), '--disable-userns'],
    ['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--hostname', 'sandbox'],
    ['--proc', '/proc', '--remount-ro', '/proc'],
    ['--dev', '/dev', '--size', size, '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ['--size', size, '--tmpfs', '/tmp'],
    entries.toSorted(byTarget).flatMap(entryArguments),
    ['--remount-ro', '/', '--chdir', cwd, '--clearenv'],
    Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
  ].flat()
}

/** What lies in another entry comes after it, and is seen there. */
function byTarget(a: SandboxEntry, b: SandboxEntry): number {
  return a.target < b.target ? -1 : a.target > b.target ? 1 : 0
}

function entryArguments(entry: SandboxEntry): readonly string[] {
  if (entry.kind === 'link') return ['--symlink', entry.text, entry.target]
  return [entry.isWritable ? '--bind' : '--ro-bind', entry.source, entry.target]
}
