import { readdirSync, readFileSync } from 'node:fs'

/** A process as the kernel shows it. */
export interface TreeMember {
  readonly pid: number
  /** Its process group. */
  readonly group: number
  /** When it began, in ticks since the start of the machine: with the pid, who it is. */
  readonly began: string
  /** Resident memory, in bytes; what several share counts for each. */
  readonly bytes: number
  /** Its threads. */
  readonly tasks: number
}

/**
 * A process and all that descend from it, as far as their parents live; empty where there is no `/proc`. Reading ends
 * once they have more than `most` threads together.
 *
 * @param pid of the first; without it in the answer it is gone
 */
export function processTree(pid: number, most: number): readonly TreeMember[] {
  const members: TreeMember[] = []
  const waiting = [pid]
  let tasks = 0
  for (let next = waiting.pop(); next !== undefined && tasks <= most; next = waiting.pop()) {
    const member = memberOf(next)
    if (member === undefined) continue
    members.push(member)
    tasks += member.tasks
    waiting.push(...childrenOf(next))
  }
  return members
}

/** Whether this very process still lives: another one may have its number now. A zombie does not. */
export function isAlive({ pid, began }: TreeMember): boolean {
  return memberOf(pid)?.began === began
}

/** proc_pid_stat(5): the name, in parentheses, may hold anything; behind it stand the fields from the third on. */
function memberOf(pid: number): TreeMember | undefined {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = 'X', , group] = fields
  const [tasks, began = ''] = [fields[17], fields[19]]
  if (stat === '' || state === 'Z' || state === 'X') return undefined
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1]
  return { pid, group: Number(group), began, bytes: Number(kibibytes ?? 0) * 1024, tasks: Number(tasks) }
}

/** Each thread has its own. */
function childrenOf(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .flatMap((child) => (child === '' ? [] : [Number(child)])),
  )
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
