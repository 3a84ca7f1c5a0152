import { isUtf8 } from 'node:buffer'

/** What a line was: its text without the line's end, or why there is none. */
export type Line =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too_long' }
  | { readonly kind: 'not_utf8' }

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Splits bytes into lines that end in LF or CR LF. A line that is too long is passed over to its end, keeping none of
 * it; what comes after the last line's end is no line.
 *
 * @param longest in bytes
 */
export async function* linesOf(input: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let length = 0
  const keep = (part: Buffer): void => {
    length += part.length
    if (length > longest) parts = []
    else if (part.length > 0) parts.push(part)
  }
  for await (const chunk of input) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, end))
      yield length > longest ? { kind: 'too_long' } : lineIn(Buffer.concat(parts))
      parts = []
      length = 0
      from = end + 1
    }
    keep(chunk.subarray(from))
  }
}

function lineIn(bytes: Buffer): Line {
  if (!isUtf8(bytes)) return { kind: 'not_utf8' }
  return {
    kind: 'text',
    text: bytes.toString('utf8', 0, bytes.length - (bytes.at(-1) === CARRIAGE_RETURN ? 1 : 0)),
  }
}
