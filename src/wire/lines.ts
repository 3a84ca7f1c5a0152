import { isUtf8 } from 'node:buffer'
import { growingBytes } from './growing-bytes.ts'

/** What a line was: its text without the line's end, or why there is none. */
export type Line =
  | { readonly kind: 'text'; readonly text: string }
  /** `edges` is how it begins and how it ends, a little of each, every byte a character. */
  | { readonly kind: 'too_long'; readonly edges: string }
  | { readonly kind: 'not_utf8' }

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** So many bytes of either end of a line that is too long are told. */
const EDGE = 128

/**
 * Splits bytes into lines that end in LF or CR LF. A line that is too long is passed over to its end, keeping none of
 * it but its edges; what comes after the last line's end is no line.
 *
 * @param longest in bytes
 * @param overflow told as soon as a line is too long, before its end is known
 * @returns takes the next bytes, and tells of the lines that end in them before it returns
 */
export function lineReader(
  longest: number,
  take: (line: Line) => void,
  overflow?: () => void,
): (chunk: Buffer) => void {
  const kept = growingBytes()
  let length = 0
  let edges = NO_EDGES
  const keep = (part: Buffer): void => {
    if (part.length === 0) return
    length += part.length
    if (length <= longest) return kept.add(part)
    if (length - part.length <= longest) overflow?.()
    edges = widened(widened(edges, kept.take()), part)
  }
  const ended = (): Line => {
    const bytes = kept.take()
    const line: Line =
      length > longest ? { kind: 'too_long', edges: edges.first + edges.last } : lineIn(bytes)
    length = 0
    edges = NO_EDGES
    return line
  }
  return (chunk) => {
    let from = 0
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, at))
      from = at + 1
      take(ended())
    }
    keep(chunk.subarray(from))
  }
}

/** {@link lineReader} for who reads at its own pace. */
export async function* linesOf(input: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Line> {
  let lines: Line[] = []
  const read = lineReader(longest, (line) => lines.push(line))
  for await (const chunk of input) {
    read(chunk)
    const ended = lines
    lines = []
    yield* ended
  }
}

interface Edges {
  readonly first: string
  readonly last: string
}

const NO_EDGES: Edges = { first: '', last: '' }

function widened({ first, last }: Edges, part: Buffer): Edges {
  const more = part.toString('latin1', 0, EDGE - first.length)
  const tail = part.subarray(Math.max(more.length, part.length - EDGE)).toString('latin1')
  return { first: first + more, last: (last + tail).slice(-EDGE) }
}

function lineIn(bytes: Buffer): Line {
  if (!isUtf8(bytes)) return { kind: 'not_utf8' }
  return {
    kind: 'text',
    text: bytes.toString('utf8', 0, bytes.length - (bytes.at(-1) === CARRIAGE_RETURN ? 1 : 0)),
  }
}
