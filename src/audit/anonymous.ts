import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RequestRefused } from './event.ts'
import { jsonLine } from './line.ts'

/** So many refusals of one layer and reason are written whole in one minute; the rest are counted. */
const WHOLE_PER_MINUTE = 10
const MINUTE = 60_000
const LARGEST_FILE = 1_048_576
/** Lines that wait for the disk; what comes beyond is only counted. */
const MOST_WAITING = 1000

/** Where refusals of strangers are counted and sampled. */
export interface AnonymousLog {
  /** Counts a refusal. Never fails and never waits. */
  record(event: RequestRefused): void
  /** Writes what is still to be written. Never rejects. */
  close(): Promise<void>
}

/** What a log of anonymous refusals needs. */
export interface AnonymousLogOptions {
  readonly directory: string
  readonly writer: string
  /** Ms since the epoch. */
  readonly now: () => number
  /** Hears when a line could not be written; the line is lost, the refusal stands. */
  readonly onError?: (error: unknown) => void
}

/**
 * Keeps refusals of strangers in `anonymous-<writer>.jsonl`, bounded so that strangers cannot fill the disk: in each
 * minute ten of each layer and reason are written whole, the others as one line of counts when the minute ends; a
 * file of 1 MiB becomes `.1` and replaces the one before. Not chained: it is a sample, not a proof.
 */
export function anonymousLog(options: AnonymousLogOptions): AnonymousLog {
  const { now } = options
  const write = lineWriter(options)
  let minute = Number.NaN
  let seen = new Map<string, number>()
  let unwritten = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  const summarise = (): void => {
    clearTimeout(timer)
    if (unwritten.size > 0) write(summaryOf(unwritten, minute, now()))
    seen = new Map()
    unwritten = new Map()
  }
  const record = (event: RequestRefused): void => {
    const at = now()
    if (Math.floor(at / MINUTE) !== minute) {
      summarise()
      minute = Math.floor(at / MINUTE)
      timer = setTimeout(summarise, MINUTE - (at % MINUTE)).unref()
    }
    const kind = `${event.layer}/${event.reason}`
    const before = increase(seen, kind)
    if (before >= WHOLE_PER_MINUTE || write.isFull()) increase(unwritten, kind)
    else write(lineOf(event, at))
  }
  return {
    record,
    close: () => {
      summarise()
      return write.finished()
    },
  }
}

/** Adds one, and returns how many there were before. */
function increase(counts: Map<string, number>, key: string): number {
  const before = counts.get(key) ?? 0
  counts.set(key, before + 1)
  return before
}

function lineOf(event: RequestRefused, at: number): string {
  return jsonLine({ v: 1, at: new Date(at).toISOString(), ...event })
}

/** One line for the refusals of one minute that were not written whole, by layer and reason. */
function summaryOf(unwritten: ReadonlyMap<string, number>, minute: number, at: number): string {
  return jsonLine({
    v: 1,
    at: new Date(at).toISOString(),
    event: 'request.refused.summary',
    minute: new Date(minute * MINUTE).toISOString(),
    unwritten: Object.fromEntries(unwritten),
  })
}

interface LineWriter {
  (line: string): void
  /** Whether too much waits for the disk already. */
  isFull(): boolean
  finished(): Promise<void>
}

/** Appends lines in the background, all that wait at once. */
function lineWriter(options: AnonymousLogOptions): LineWriter {
  const path = join(options.directory, `anonymous-${options.writer}.jsonl`)
  let waiting: string[] = []
  let running: Promise<void> | undefined
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      await append(path, `${lines.join('\n')}\n`).catch((error: unknown) => options.onError?.(error))
    }
    running = undefined
  }
  const write = (line: string): void => {
    waiting.push(line)
    running ??= drain()
  }
  return Object.assign(write, { isFull: () => waiting.length >= MOST_WAITING, finished: async () => running })
}

async function append(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size > 0 && size + Buffer.byteLength(text) > LARGEST_FILE) await rename(path, `${path}.1`)
  await appendFile(path, text, { mode: 0o600 })
}
