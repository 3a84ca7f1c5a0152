import { setTimeout as wait } from 'node:timers/promises'
import { isSameReading, readFollowed, type FollowedFile, type Reading } from './read-followed.ts'

/** Ms between the two looks that must find the same, so that a file that is being written is not taken. */
const SETTLE = 20
/** So many looks in a row that differ, and it is said that they do. */
const TRIES = 50

/**
 * Looks until two looks in a row find the same in all files. `undefined` if that is what was `seen` before. One that does
 * not come to rest cannot be read.
 */
export async function settledFiles(files: readonly FollowedFile[]): Promise<readonly Reading[]>
export async function settledFiles(
  files: readonly FollowedFile[],
  seen: readonly Reading[] | undefined,
): Promise<readonly Reading[] | undefined>
export async function settledFiles(
  files: readonly FollowedFile[],
  seen?: readonly Reading[],
): Promise<readonly Reading[] | undefined> {
  let last = await readAll(files)
  if (seen !== undefined && areSame(last, seen)) return undefined
  let before = last
  for (let attempt = 0; attempt < TRIES; attempt++) {
    await wait(SETTLE)
    before = last
    last = await readAll(files)
    if (areSame(last, before)) return last
  }
  return files.map((file, index) => restful(file, last[index], before[index]))
}

function restful({ what, path }: FollowedFile, last?: Reading, before?: Reading): Reading {
  if (last !== undefined && before !== undefined && isSameReading(last, before)) return last
  return { problem: `${what} ${path} keeps changing: see who writes it` }
}

/** Whether two looks at the same files found the same. */
export function areSame(some: readonly Reading[], others: readonly Reading[]): boolean {
  return some.every((one, index) => {
    const other = others[index]
    return other !== undefined && isSameReading(one, other)
  })
}

async function readAll(files: readonly FollowedFile[]): Promise<readonly Reading[]> {
  return Promise.all(files.map(readFollowed))
}
