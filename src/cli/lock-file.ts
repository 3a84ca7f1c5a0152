import { SallyportError } from '../errors.ts'
import type { Pins } from '../mcp/upstreams/definition.ts'
import { parseLock } from '../mcp/upstreams/lock-file.ts'
import { lockText } from '../mcp/upstreams/lock-text.ts'
import { editFile, textOf } from './edit-file.ts'

const NOTHING: Pins = { upstreams: new Map() }

/**
 * Reads the lock file; without one nothing was ever pinned.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with every fault on a line of its own
 */
export async function readLockFile(path: string): Promise<Pins> {
  return pinsOf(await textOf(path), path)
}

/**
 * Edits the lock file as `edit-file.ts` says: comments stay, and what did not change. Made if there is none.
 *
 * @param change gets what is pinned and returns what shall be; may run again if the file changed meanwhile
 * @throws SallyportError `CONFIGURATION_INVALID` for a file that is not good, which stays; `TOO_BUSY`, `STORE_UNAVAILABLE`
 */
export async function writeLockFile(path: string, change: (pins: Pins) => Pins): Promise<void> {
  await editFile(path, (text) => lockText(change(pinsOf(text, path)), text))
}

function pinsOf(text: string | undefined, path: string): Pins {
  if (text === undefined) return NOTHING
  const { pins, faults } = parseLock(text, path)
  if (pins === undefined) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  return pins
}
