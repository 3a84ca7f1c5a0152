import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that the tests drive and that npm does not bring. */
export interface Program {
  readonly command: string
  /** Debian's package of it. */
  readonly package: string
}

/** Where a program is, or `undefined`. */
export function findProgram(command: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, command))
    .find(isExecutable)
}

/**
 * Sees to it that programs are there: installs what is missing on Debian as root, and says how elsewhere.
 *
 * @returns what is still missing, in words; empty if nothing is
 */
export function ensurePrograms(programs: readonly Program[]): string[] {
  const missing = programs.filter(({ command }) => findProgram(command) === undefined)
  if (missing.length > 0 && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) install(missing)
  return missing
    .filter(({ command }) => findProgram(command) === undefined)
    .map(
      ({ command, package: name }) =>
        `${command} is missing: install it, for example with "apt-get install ${name}"`,
    )
}

function install(programs: readonly Program[]): void {
  const names = programs.map(({ package: name }) => name)
  console.log(`installing ${names.join(', ')} with apt-get`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const run = (...args: string[]) =>
    spawnSync('apt-get', args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
  run('update', '-qq')
  run('install', '-y', '-qq', '--no-install-recommends', ...names)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
