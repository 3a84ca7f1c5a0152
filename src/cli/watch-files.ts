import { watch } from 'node:fs'
import { dirname } from 'node:path'

/** Ms between looks where the system reports no changes: network and container mounts, folders that are replaced. */
const POLL = 2000

/** Calls `look` on every change in the files' folders, which also sees renames and links, and on a slow poll. */
export function watchFiles(paths: readonly string[], look: () => void, signal: AbortSignal): void {
  every(POLL, look, signal)
  for (const folder of new Set(paths.map(dirname)))
    try {
      // Where watching fails, now or later, the poll is left.
      watch(folder, { persistent: false, signal }, look).on('error', () => undefined)
    } catch {
      continue
    }
}

/** Calls `work` every so many ms, which keeps no process alive. */
export function every(ms: number, work: () => void, signal: AbortSignal): void {
  const timer = setInterval(work, ms).unref()
  signal.addEventListener('abort', () => clearInterval(timer))
}
