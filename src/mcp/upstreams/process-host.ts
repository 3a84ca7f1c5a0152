import type { SpawnedProcess } from './spawned-process.ts'
import type { UpstreamOptions, UpstreamTransport } from './options.ts'

/** An upstream that is a process of ours. */
export type StdioTransport = Extract<UpstreamTransport, { readonly kind: 'stdio' }>

/**
 * Starts the process of an upstream.
 *
 * @param secrets for the gaps of its environment, by name
 * @param onLine told what it writes to stderr, line by line
 * @throws SallyportError `CONFIGURATION_INVALID` if it cannot be started as it is to be kept apart, `UNREACHABLE` if it
 *   did not start
 */
export type SpawnUpstream = (
  options: Pick<UpstreamOptions, 'transport'>,
  secrets: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
) => Promise<SpawnedProcess>

/** What starting processes depends on beside their options. */
export interface ProcessHost {
  /** Absolute paths of what is Sallyport's own: certificates, data, configuration, lock file, files of secrets. */
  readonly own: readonly string[]
  /** Absolute paths of the code that Sallyport runs: seen by any upstream, written by none. */
  readonly code: readonly string[]
  /** The Node that runs us, an absolute path without symbolic links (`process.execPath`). */
  readonly node: string
  /** Who we are. */
  readonly uid: number
  readonly gid: number
  /** The file of users, as passwd(5) has it. */
  readonly passwd: string
  /** Processes and threads that one upstream may have at once. */
  readonly tasks: number
  /** `LANG` of the processes. */
  readonly language: string
  /** Why bubblewrap does not work here, asked for where it is needed; see `bubblewrap-probe.ts`. */
  readonly bubblewrapFault: () => Promise<string | undefined>
}

/** Where the system has its programs: what `PATH` is, behind the folder of our own Node. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Arguments of `prlimit` (util-linux). Root is under no limit of processes: then the watch over them is what bounds them. */
export function limitArguments({ tasks }: ProcessHost): readonly string[] {
  return [`--nproc=${tasks}`, '--core=0', '--']
}
