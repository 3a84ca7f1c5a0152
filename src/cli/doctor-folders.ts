import { accessSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from '../errors.ts'
import type { Config } from '../config/config.ts'
import { findingsOf, type Check, type Finding } from './doctor-finding.ts'

const MIB = 1_048_576
/** Below this the audit trail, without which nothing is served, may soon find no room. In bytes. */
const LEAST_ROOM = 100 * MIB
const LITTLE_ROOM = 1024 * MIB

/** Whether there are folders to write to, and room in them. Fixed by making those that are missing. */
export const folders: Check = {
  name: 'folders',
  async run({ config, isFixing }) {
    const found = foldersOf(config).map(([what, path]) => ({ path, finding: look(what, path, isFixing) }))
    const there = found.filter(({ finding: { state } }) => state === 'ok' || state === 'fixed')
    return [...found.map(({ finding }) => finding), ...there.flatMap(({ path }) => roomIn(path))]
  },
}

const { ok, fixed, warning, problem } = findingsOf(folders.name)

function foldersOf({ audit, store, issuer }: Config): readonly (readonly [string, string])[] {
  const all: (readonly [string, string])[] = [
    ['the folder of the audit trail', audit],
    ...(store.kind === 'sqlite' ? [['the folder of the database', dirname(store.path)] as const] : []),
    ["the folder of the issuer's socket", dirname(issuer.socket)],
  ]
  return all.filter(([, path], at) => all.findIndex(([, other]) => other === path) === at)
}

function look(what: string, path: string, isFixing: boolean): Finding {
  const folder = statSync(path, { throwIfNoEntry: false })
  if (folder === undefined) return missing(what, path, isFixing)
  if (!folder.isDirectory()) return problem(`${what} ${path} is no folder`, 'take away what is there')
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return ok(`${what} ${path} can be written to`)
  } catch {
    return problem(`${what} ${path} cannot be written to`, 'give it to the user that the server runs as')
  }
}

function missing(what: string, path: string, isFixing: boolean): Finding {
  if (!isFixing) return warning(`${what} ${path} is missing`, 'it is made when it is needed, or by --fix')
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return fixed(`${what} ${path} was missing, and is there now`)
  } catch (error) {
    return problem(
      `${what} ${path} cannot be made (${errnoOf(error)})`,
      'make it, or check the rights above it',
    )
  }
}

function roomIn(path: string): readonly Finding[] {
  const { bavail, bsize } = statfsSync(path)
  const free = bavail * bsize
  if (free >= LITTLE_ROOM) return []
  const what = `${Math.floor(free / MIB)} MiB are free in ${path}`
  const help = 'make room: what cannot be put on record is refused'
  return [free < LEAST_ROOM ? problem(what, help) : warning(what, help)]
}
