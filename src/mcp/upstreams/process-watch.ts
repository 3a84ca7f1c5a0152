import { isAlive, processTree, type TreeMember } from './process-tree.ts'

/** What a process and its descendants may have at once. */
export interface ProcessLimits {
  /** Resident memory of all, in bytes. */
  readonly memory: number
  /** Processes and threads of all. */
  readonly tasks: number
}

/** Looks at a process and its descendants again and again. */
export interface ProcessWatch {
  /** Who was there when it was looked last, also those whose parents were gone by then. */
  readonly seen: () => readonly TreeMember[]
  /** Looks at once. */
  look(): void
  stop(): void
}

/**
 * Watches over a process and its descendants; does not keep this process running. What grows within one pause is seen
 * only at its end.
 *
 * @param every in ms
 * @param onExceeded told once, with what they have and may have
 */
export function watchProcess(
  pid: number,
  limits: ProcessLimits,
  every: number,
  onExceeded: (why: string) => void,
): ProcessWatch {
  let seen: readonly TreeMember[] = []
  const look = (): void => {
    seen = merged(processTree(pid, limits.tasks), seen)
    const why = excessOf(seen, limits)
    if (why === undefined) return
    clearInterval(timer)
    onExceeded(why)
  }
  const timer = setInterval(look, every)
  timer.unref()
  return { seen: () => seen, look, stop: () => clearInterval(timer) }
}

/** Who was there and lives still is one of them, though its parent is gone. */
function merged(found: readonly TreeMember[], seen: readonly TreeMember[]): readonly TreeMember[] {
  const pids = new Set(found.map(({ pid }) => pid))
  return [...found, ...seen.filter((member) => !pids.has(member.pid) && isAlive(member))]
}

function excessOf(members: readonly TreeMember[], limits: ProcessLimits): string | undefined {
  const bytes = members.reduce((sum, member) => sum + member.bytes, 0)
  if (bytes > limits.memory)
    return `it used ${mebibytes(bytes)} of memory and may have ${mebibytes(limits.memory)}`
  const tasks = members.reduce((sum, member) => sum + member.tasks, 0)
  if (tasks > limits.tasks) return `it had more than ${limits.tasks} processes and threads`
  return undefined
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`
}
