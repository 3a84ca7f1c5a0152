import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { openToOthers } from '../config/installed-file.ts'
import { errnoOf } from '../errors.ts'

/** A file that is followed. */
export interface FollowedFile {
  readonly path: string
  /** In words, as in "the server certificate". */
  readonly what: string
  /** No such file is larger than this many bytes. */
  readonly largest: number
  /** Whether it is refused while others than its owner may read it. */
  readonly secret: boolean
  /** What to do when it cannot be read. */
  readonly help: string
  /** Whether it need not be there: its text is empty then. */
  readonly isOptional?: boolean
}

/** What a look at a file gave: its text, or why there is none. */
export type Reading = { readonly text: string } | { readonly problem: string }

/** Reads a file. Never rejects, never waits at a pipe, never fills the memory with whatever stands in its place. */
export async function readFollowed(file: FollowedFile): Promise<Reading> {
  try {
    return await readRegular(file)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' && file.isOptional === true) return { text: '' }
    return { problem: `${file.what} ${file.path} cannot be read (${code}): ${file.help}` }
  }
}

async function readRegular({ path, what, largest, secret }: FollowedFile): Promise<Reading> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = await file.stat()
  if (!found.isFile()) return { problem: `${what} ${path} is not a regular file: put a file there` }
  if (found.size > largest)
    return {
      problem: `${what} ${path} is larger than ${largest} bytes, which is too much: put the right file there`,
    }
  const [problem] = secret ? openToOthers(what, path, found.mode) : []
  return problem === undefined ? { text: await file.readFile('utf8') } : { problem }
}

/** Whether two readings say the same. */
export function isSameReading(one: Reading, other: Reading): boolean {
  return 'text' in one && 'text' in other
    ? one.text === other.text
    : 'problem' in one && 'problem' in other && one.problem === other.problem
}
