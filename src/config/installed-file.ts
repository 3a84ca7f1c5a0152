import { readFileSync, statSync } from 'node:fs'
import { errnoOf } from '../errors.ts'

/** A file that the server needs: what it is in words, where it is, and its text if it could be read. */
export interface InstalledFile {
  readonly what: string
  readonly path: string
  readonly text: string | undefined
  /** Why it could not be read; empty if it could. */
  readonly faults: readonly string[]
}

/** What to do about a file that is missing. */
const INIT = '"npx sallyport init" makes what is missing'
const PUT = 'put it there, or change the path'

/**
 * Reads a file that the server needs.
 *
 * @param made whether `init` makes it
 */
export function installedFile(what: string, path: string, made = true): InstalledFile {
  try {
    return { what, path, text: readFileSync(path, 'utf8'), faults: [] }
  } catch (error) {
    const code = errnoOf(error)
    const missing = made ? INIT : PUT
    const help = code === 'ENOENT' ? missing : 'check the rights of the file'
    return { what, path, text: undefined, faults: [`${what} ${path} cannot be read (${code}): ${help}`] }
  }
}

/** Whether others than the owner may read a secret. A file that is missing is not reported here. */
export function secrecyFaults(what: string, path: string): string[] {
  return openToOthers(what, path, statSync(path, { throwIfNoEntry: false })?.mode ?? 0)
}

/**
 * Whether others than the owner may read a secret of this mode.
 *
 * @param mode as `stat` gives it
 */
export function openToOthers(what: string, path: string, mode: number): string[] {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return []
  const octal = (mode & 0o777).toString(8)
  return [`${what} ${path} is open to others than its owner (mode ${octal}): run "chmod 600 ${path}"`]
}
