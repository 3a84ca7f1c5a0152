import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { linesOf } from '../../wire/lines.ts'
import { hidesValues } from './hide-values.ts'

/** Bytes of one line; of a longer one nothing is told but that it was there. */
const LONGEST_LINE = 8 * 1024
/** Lines told in one second; the others are counted. */
const LINES_PER_SECOND = 50
/** Bytes read in one second; then the process has to wait. */
const BYTES_PER_SECOND = 1024 ** 2
const SECOND = 1_000

/** What {@link tellLines} takes. */
export interface LineOptions {
  readonly onLine: (line: string) => void
  /** Its environment: values of it that stand in a line are told by their names. */
  readonly environment: Readonly<Record<string, string>>
  /** Ms, of a clock that never goes back. */
  readonly now: () => number
}

/** Tells what a process writes to stderr, without control characters; never rejects, ends with the stream. */
export async function tellLines(stderr: Readable, options: LineOptions): Promise<void> {
  const tell = limited(options)
  const hide = hidesValues(Object.entries(options.environment))
  const shown = (text: string): string => hide(text).replaceAll(/\p{Cc}/gu, ' ')
  try {
    for await (const line of linesOf(slowed(stderr, options.now), LONGEST_LINE))
      tell(line.kind === 'text' ? shown(line.text) : `(a line that is ${line.kind.replaceAll('_', ' ')})`)
  } catch {
    // The process is gone, and with it the stream.
  }
}

async function* slowed(input: Readable, now: () => number): AsyncGenerator<Buffer> {
  let [began, bytes] = [now(), 0]
  for await (const chunk of input) {
    if (!Buffer.isBuffer(chunk)) continue
    const passed = now() - began
    if (passed >= SECOND) [began, bytes] = [now(), 0]
    else if (bytes > BYTES_PER_SECOND) await wait(SECOND - passed, undefined, { ref: false })
    bytes += chunk.length
    yield chunk
  }
}

function limited({ onLine, now }: LineOptions): (line: string) => void {
  let [began, told, dropped] = [now(), 0, 0]
  return (line) => {
    if (now() - began >= SECOND) {
      if (dropped > 0) onLine(`(${dropped} lines were dropped)`)
      ;[began, told, dropped] = [now(), 0, 0]
    }
    if (told < LINES_PER_SECOND) {
      told += 1
      onLine(line)
    } else dropped += 1
  }
}
