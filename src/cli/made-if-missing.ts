import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../errors.ts'
import { writeNew } from './write-new.ts'

/**
 * Reads the file of a key, which is made where it is missing, for its owner alone. Of several processes that make it at
 * once, all have the key of the first.
 *
 * @param unusable what is thrown if it can neither be read nor made
 */
export async function madeIfMissing(
  path: string,
  make: () => string,
  unusable: (verb: 'read' | 'written', cause: unknown) => Error,
): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw unusable('read', error)
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // Another process may be faster: then it is its key.
    await writeNew(path, make(), 0o600).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unusable('written', error)
  }
}
