import { readdir } from 'node:fs/promises'
import { readTrail, type TrailEvent } from './read-trail.ts'
import { trailFiles } from './trail-files.ts'

const DAY = 86_400_000

/**
 * The last events that are wanted, oldest first, from before a time on backwards, a day at a time, so that a long trail is
 * not read as a whole.
 *
 * @param before ms since the epoch
 */
export async function lastEvents(
  directory: string,
  most: number,
  before: number,
  isWanted: (event: TrailEvent) => boolean,
): Promise<readonly TrailEvent[]> {
  const days = new Set(trailFiles(await readdir(directory).catch(() => [])).map(({ day }) => day))
  let found: readonly TrailEvent[] = []
  for (const day of [...days].toReversed()) {
    const since = Date.parse(day)
    if (found.length >= most || since >= before) continue
    const ofDay: TrailEvent[] = []
    for await (const one of readTrail(directory, { since, until: Math.min(since + DAY, before) - 1 })) {
      if (isWanted(one)) ofDay.push(one)
      if (ofDay.length > 2 * most) ofDay.splice(0, most)
    }
    found = [...ofDay, ...found].slice(-most)
  }
  return found
}
