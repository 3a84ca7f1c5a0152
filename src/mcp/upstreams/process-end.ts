import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { SYSTEM_PATH } from './process-host.ts'
import type { Launch } from './process-launch.ts'
import type { StartedProcess } from './process-start.ts'
import { isAlive, type TreeMember } from './process-tree.ts'

/** How long is waited, in ms. */
export interface EndTimes {
  /** From the end of its stdin to SIGTERM. */
  readonly afterStdin: number
  /** From SIGTERM to SIGKILL. */
  readonly afterTerm: number
  /** From SIGKILL until nobody waits any longer: a process may hang in the kernel. */
  readonly afterKill: number
}

/** Ends a process with everything that it has started. */
export interface ProcessEnd {
  /** Politely first. Fulfilled when it is gone. */
  close(): Promise<void>
  /** At once. Fulfilled when it was told. */
  kill(): Promise<void>
  /** What is left of it, once the first process has ended. */
  rest(): Promise<void>
}

/** Between two looks at whether something is gone, in ms. */
const PAUSE = 10
/** Ms, for the command line that ends a container. */
const LONGEST_COMMAND = 20_000

/**
 * @param members who descends from it, as far as is known; the first of them is itself
 * @param marked who can be told to be of it, whoever its parent is by now
 */
export function endOf(
  { pid, stdin, exited }: StartedProcess,
  end: Launch['end'],
  times: EndTimes,
  members: () => readonly TreeMember[],
  marked: () => Promise<readonly TreeMember[]>,
): ProcessEnd {
  let [isGone, isRemoved] = [false, false]
  void exited.then(() => (isGone = true))
  const within = async (time: number): Promise<boolean> => {
    await Promise.race([exited, wait(time, undefined, { ref: false })])
    return isGone
  }
  const remove = async (): Promise<void> => {
    if (end.kind !== 'command' || isRemoved) return
    isRemoved = true
    await runCommand(end.line)
  }
  const kill = async (): Promise<void> => {
    await remove()
    signalAll(end, pid, members(), 'SIGKILL')
    // The keeper of a namespace goes when that is empty; one that does not is no keeper any longer.
    if (!(await within(times.afterKill))) signal(-pid, 'SIGKILL')
  }
  return {
    kill,
    async close() {
      stdin.end()
      if (await within(times.afterStdin)) return
      signalAll(end, pid, members(), 'SIGTERM')
      if (await within(times.afterTerm)) return
      await kill()
    },
    async rest() {
      await remove()
      for (let time = 0; time < times.afterKill; time += PAUSE) {
        const wasThere = signal(-pid, 'SIGKILL')
        const left = [...members(), ...(await marked())].filter(isAlive)
        for (const member of left) signal(member.pid, 'SIGKILL')
        // Who has ended stays in its group until its parent, maybe a stranger now, has fetched it.
        if (left.length === 0 && (!wasThere || time > 0)) return
        await wait(PAUSE)
      }
    },
  }
}

/** In a namespace the first process only keeps the others: ended before them, it would take them along unasked. */
function signalAll(
  end: Launch['end'],
  pid: number,
  members: readonly TreeMember[],
  name: 'SIGTERM' | 'SIGKILL',
): void {
  const inGroup = end.kind !== 'namespace' || members.length <= 1
  if (inGroup) signal(-pid, name)
  const others = members.filter((member) => (inGroup ? member.group !== pid : member.pid !== pid))
  for (const member of others) if (isAlive(member)) signal(member.pid, name)
}

/** @returns whether there was somebody to get it */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

async function runCommand([file, ...args]: readonly [string, ...string[]]): Promise<void> {
  await new Promise<void>((resolve) => {
    execFile(file, args, { cwd: '/', env: { PATH: SYSTEM_PATH }, timeout: LONGEST_COMMAND }, () => resolve())
  })
}
