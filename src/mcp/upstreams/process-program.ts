import { access, constants, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SYSTEM_PATH } from './process-host.ts'

/**
 * Where a program is.
 *
 * @param command a path, from `cwd` unless absolute; without a slash a name that is looked for
 * @param path folders, separated by colons; relative ones are passed over
 * @returns an absolute path, with its symbolic links; `undefined` if there is no such file that may be executed
 */
export async function findProgram(command: string, path: string, cwd: string): Promise<string | undefined> {
  const places = command.includes('/')
    ? [resolve(cwd, command)]
    : path.split(':').flatMap((folder) => (folder.startsWith('/') ? [join(folder, command)] : []))
  for (const place of places) if (await isProgram(place)) return place
  return undefined
}

/** Where the system has a program of its own: never one of a folder that the operator named. */
export async function systemProgram(name: string): Promise<string | undefined> {
  return findProgram(name, SYSTEM_PATH, '/')
}

/** What is said of a command that is nowhere. */
export function notFound(command: string): string {
  return `The command ${JSON.stringify(command)} was not found: install it, or write its absolute path`
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
