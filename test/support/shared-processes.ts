import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const GROUP = JSON.stringify(resolve(import.meta.dirname, 'group.ts'))

/** A process to be, which runs some test files. */
export interface SharedProcess {
  /** What it is started with. */
  readonly entry: string
  readonly files: readonly string[]
  /** Ends it, if it runs, whatever it is at. */
  kill(): void
}

/**
 * Shares out test files among processes: no more than `most` of a folder in each, since what stands in one folder needs
 * the same modules.
 *
 * @param timeout for each file, in ms
 */
export function sharedProcesses(
  files: readonly string[],
  { most, timeout }: { readonly most: number; readonly timeout: number },
): readonly SharedProcess[] {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-run-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return Array.from(Map.groupBy(files, dirname).values(), (near) => sharedOut(near, most))
    .flat()
    .map((some, at) => sharedProcess(join(folder, String(at)), some, timeout))
}

/** Every so manieth, and not so many in a row: what is slow stands together by its name. */
function sharedOut(files: readonly string[], most: number): readonly (readonly string[])[] {
  const number = Math.ceil(files.length / most)
  return Array.from({ length: number }, (_, at) => files.filter((__, index) => index % number === at))
}

function sharedProcess(path: string, files: readonly string[], timeout: number): SharedProcess {
  const [entry, pid] = [`${path}.mjs`, `${path}.pid`]
  const lines = [
    `import { writeFileSync } from 'node:fs'`,
    `writeFileSync(${JSON.stringify(pid)}, String(process.pid))`,
    `const { group } = await import(${GROUP})`,
    `group(${JSON.stringify(files.map((file) => resolve(file)))}, ${timeout})`,
  ]
  writeFileSync(entry, lines.join('\n'))
  return { entry, files, kill: () => process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL') }
}
