import { readdir, readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { processTree, type TreeMember } from './process-tree.ts'

/** The variable that has a random mark in it, of each process that we start with nothing but a group to hold it by. */
export const MARK = 'SALLYPORT_PROCESS'

/** Finds processes by the mark that they have got, or inherited: also those whose parents have gone, in whatever group. */
export interface ProcessMarks {
  /** None where there is no `/proc`. Who has taken the mark off is not found. */
  find(mark: string): Promise<readonly TreeMember[]>
}

/** Whoever asks in the same turn shares one look at all processes of this machine. */
export function processMarks(): ProcessMarks {
  let looking: Promise<ReadonlyMap<string, readonly number[]>> | undefined
  const look = async (): Promise<ReadonlyMap<string, readonly number[]>> => {
    await setImmediate()
    looking = undefined
    return markedProcesses()
  }
  return {
    async find(mark) {
      const pids = (await (looking ??= look())).get(mark) ?? []
      return pids.flatMap((pid) => processTree(pid, 0))
    },
  }
}

/** Pids by mark. What belongs to somebody else cannot be read, and is not ours. */
async function markedProcesses(): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, number[]>()
  const begin = `\0${MARK}=`
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    const environment = `\0${await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')}`
    const at = environment.indexOf(begin)
    if (at < 0) continue
    const mark = environment.slice(at + begin.length).split('\0', 1)[0] ?? ''
    found.set(mark, [...(found.get(mark) ?? []), Number(name)])
  }
  return found
}
