import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../errors.ts'
import { lineSplitter, type LineSplitter } from './file-lines.ts'
import { eventOf, isAnonymous, type TrailEvent } from './read-trail.ts'
import { trailFile } from './trail-files.ts'

/** Reads a trail on and on. */
export interface TrailFollower {
  /** Every event that was added since the last call, those of one file in their order. One call at a time. */
  look(each: (event: TrailEvent) => void): Promise<void>
}

const PIECE = 65_536

interface Followed {
  readonly split: LineSplitter
  position: number
}

/**
 * Follows the files of a trail, those of new days and new writers, too; a file is known by what it is, not by its name, so
 * that one that is renamed is not read twice. A line is read once it is whole.
 *
 * @param since the UTC day whose files are the first to be read
 */
export function trailFollower(directory: string, since: string): TrailFollower {
  const known = new Map<string, Followed>()
  return {
    async look(each) {
      const names = await readdir(directory).catch(() => [])
      for (const name of names.filter((one) => isFollowed(one, since)).toSorted())
        try {
          await readOn(directory, name, known, each)
        } catch (error) {
          // Renamed or removed at this moment.
          if (errnoOf(error) !== 'ENOENT') throw error
        }
    },
  }
}

function isFollowed(name: string, since: string): boolean {
  return isAnonymous(name) || (trailFile(name)?.day ?? '') >= since
}

async function readOn(
  directory: string,
  name: string,
  known: Map<string, Followed>,
  each: (event: TrailEvent) => void,
): Promise<void> {
  const path = join(directory, name)
  const { ino, dev, birthtimeMs, size } = await stat(path)
  const id = `${dev} ${ino} ${birthtimeMs}`
  const followed = known.get(id) ?? { split: lineSplitter(), position: 0 }
  known.set(id, followed)
  if (size <= followed.position) return
  await using file = await open(path, 'r')
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(PIECE), 0, PIECE, followed.position)
    if (bytesRead === 0) return
    followed.position += bytesRead
    for (const { number, bytes } of followed.split.add(buffer.subarray(0, bytesRead))) {
      const event = eventOf({ file: name, line: number }, bytes)
      if (event !== undefined) each(event)
    }
  }
}
