import { readFile } from 'node:fs/promises'
import { errnoOf, SallyportError } from '../errors.ts'
import type { Pins } from '../mcp/upstreams/definition.ts'
import { parseLock } from '../mcp/upstreams/lock-file.ts'

/**
 * What a lock file pins; without a file, nothing.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` for one that cannot be read, or whose hashes do not fit
 */
export async function readPins(path: string): Promise<Pins> {
  return pinsIn(await textOf(path), path)
}

/** What the text of a lock file pins; an empty one stands for none. Throws as {@link readPins}. */
export function pinsIn(text: string, path: string): Pins {
  if (text === '') return { upstreams: new Map() }
  const { pins, faults } = parseLock(text, path)
  if (pins === undefined) throw new SallyportError('CONFIGURATION_INVALID', faults.join('\n'))
  return pins
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return ''
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `the lock file ${path} cannot be read (${errnoOf(cause)}): check its rights`,
      { cause },
    )
  }
}
