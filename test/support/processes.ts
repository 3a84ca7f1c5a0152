import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** The processes of this machine that have a text in their environment, but those that have ended and nobody fetched. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(text) ? [Number(name)] : [],
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Waits until something is so: of processes that are not ours nobody tells us. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(5)
}
