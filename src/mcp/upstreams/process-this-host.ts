import { bubblewrapProbe } from './bubblewrap-probe.ts'
import type { ProcessHost } from './process-host.ts'

/** Processes and threads: some forty times those of Node. */
const MOST_TASKS = 512

/** This machine, and us on it. Bubblewrap is tried when it is first asked for. */
export function thisHost(
  given: Pick<ProcessHost, 'own' | 'language'> & Partial<Pick<ProcessHost, 'code'>>,
): ProcessHost {
  const { execPath } = process
  return {
    code: [],
    ...given,
    node: execPath,
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
    passwd: '/etc/passwd',
    tasks: MOST_TASKS,
    bubblewrapFault: bubblewrapProbe(execPath),
  }
}
