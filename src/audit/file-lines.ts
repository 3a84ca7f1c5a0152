import { open } from 'node:fs/promises'

/** A line of a file, as its bytes. */
export interface FileLine {
  /** From 1 on. */
  readonly number: number
  /** Without the line break; empty if it was longer than any line of a trail. */
  readonly bytes: Buffer
  /** False for what stands behind the last line break. */
  readonly isWhole: boolean
}

const PIECE = 65_536
/** No line of a trail is longer. What is would fill the memory. */
const LONGEST = 1_048_576
const BREAK = 0x0a

/**
 * The lines of a file, some at a time. The file is closed as soon as its end was seen, so that many can be read at once.
 * Rejects as `open` and `read` do.
 */
export async function* fileLines(path: string): AsyncGenerator<readonly FileLine[], void> {
  await using file = await open(path, 'r')
  const split = lineSplitter()
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(PIECE), 0, PIECE, null)
    const isLast = bytesRead < PIECE
    if (isLast) await file.close()
    const lines = split.add(buffer.subarray(0, bytesRead))
    yield isLast ? [...lines, ...split.rest()] : lines
    if (isLast) return
  }
}

/** Cuts bytes into lines. */
export interface LineSplitter {
  /** The lines that end in these bytes. */
  add(bytes: Buffer): readonly FileLine[]
  /** What stands behind the last line break, if anything. */
  rest(): readonly FileLine[]
}

/** Makes a splitter; it keeps no more than the longest line. */
export function lineSplitter(): LineSplitter {
  let number = 0
  let kept: Buffer[] = []
  let length = 0
  const keep = (bytes: Buffer): void => {
    length += bytes.length
    // How long it is, is all that matters then.
    kept = length > LONGEST ? [] : [...kept, bytes]
  }
  const take = (isWhole: boolean): FileLine => {
    const bytes = kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept)
    kept = []
    length = 0
    number++
    return { number, bytes, isWhole }
  }
  return {
    add(bytes) {
      const lines: FileLine[] = []
      let start = 0
      for (let end = bytes.indexOf(BREAK); end !== -1; end = bytes.indexOf(BREAK, start)) {
        keep(bytes.subarray(start, end))
        lines.push(take(true))
        start = end + 1
      }
      if (start < bytes.length) keep(bytes.subarray(start))
      return lines
    },
    rest: () => (length === 0 ? [] : [take(false)]),
  }
}
