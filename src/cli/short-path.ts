import { relative } from 'node:path'

/** A path as people write it: relative where it is below the working directory, absolute elsewhere. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith('..') ? path : short
}
