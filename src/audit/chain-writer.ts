import { join } from 'node:path'
import { createAuditFile } from './audit-file.ts'
import type { AuditFile } from './audit-file.ts'
import { CHAIN_START } from './chain.ts'
import type { AuditEvent, TrailOpened } from './event.ts'
import { openEnds } from './open-ends.ts'
import { pieceAfter, type Seal, type Standing, type WrittenLine } from './piece.ts'
import { trailFileName } from './trail-files.ts'

/** An event and when it was recorded. */
export interface Entry {
  readonly event: AuditEvent
  /** Ms since the epoch. */
  readonly at: number
  /** The UTC day, `YYYY-MM-DD`. */
  readonly day: string
}

/** What {@link chainWriter} takes. */
export interface ChainWriterOptions {
  readonly directory: string
  readonly writer: string
  /** Bytes; a file that has so many is followed by another one of the same day. */
  readonly largestFile: number
  /** Without it there are no checkpoints, and files do not say whose they are. */
  readonly seal?: Seal | undefined
}

/** Writes the entries of one process as one chain. One call at a time. */
export interface ChainWriter {
  /** Makes entries of one day durable, or rejects and leaves no trace of them. */
  write(entries: readonly Entry[]): Promise<readonly WrittenLine[]>
  /** Whether there are lines that no checkpoint is over yet. */
  isOpen(): boolean
  /** Writes a checkpoint, at this time (ms since the epoch), if there is something to sign; as `write`. */
  sign(at: number): Promise<readonly WrittenLine[]>
  close(): Promise<void>
}

/** Dates an event. Throws a `RangeError` if `at` is no time. */
export function entryOf(event: AuditEvent, at: number): Entry {
  return { event, at, day: new Date(at).toISOString().slice(0, 10) }
}

/** Knows the file of the day, `<directory>/<YYYY-MM-DD>-<writer>.jsonl` (`.2.jsonl`, …), and the end of the chain. */
export function chainWriter(options: ChainWriterOptions): ChainWriter {
  const { directory, writer, largestFile, seal } = options
  let state: Standing = { end: CHAIN_START, unsigned: 0, since: 0 }
  let place = { day: '', writer, part: 1 }
  let file: AuditFile | undefined
  let previous: string | null = null

  const close = async (): Promise<void> => {
    const old = file
    file = undefined
    // All of it is on the disk already.
    await old?.close().catch(() => undefined)
  }
  const moveTo = async (next: typeof place): Promise<AuditFile> => {
    await close()
    if (place.day !== '' && trailFileName(next) !== trailFileName(place)) previous = trailFileName(place)
    place = next
    file = await createAuditFile(join(directory, trailFileName(next)))
    return file
  }
  const fileOf = async (wanted: string): Promise<AuditFile> => {
    // A clock that goes back does not lead back to the file of an earlier day: the chain runs through them in order.
    if (wanted > place.day) return moveTo({ day: wanted, writer, part: 1 })
    if (file === undefined || !file.isLinked()) return moveTo(place)
    return file.size() < largestFile ? file : moveTo({ ...place, part: place.part + 1 })
  }
  const opened = async (of: Seal): Promise<TrailOpened> => ({
    event: 'audit.opened',
    writer,
    file: trailFileName(place),
    previous,
    checkpointLines: of.lines,
    checkpointMs: of.ms,
    others: await openEnds(directory, writer),
  })
  const append = async (day: string, entries: readonly Entry[], signAt?: number) => {
    const target = await fileOf(day)
    const isNew = target.size() === 0 && seal !== undefined
    const begin = isNew ? await opened(seal) : undefined
    const { lines, standing } = pieceAfter(state, { writer, seal, opened: begin, entries, signAt })
    await target.append(Buffer.from(lines.map(({ line }) => `${line}\n`).join('')))
    state = standing
    return lines
  }
  return {
    write: async (entries) => append(entries[0]?.day ?? place.day, entries),
    isOpen: () => seal !== undefined && state.unsigned > 0,
    sign: async (at) => (seal === undefined || state.unsigned === 0 ? [] : append(place.day, [], at)),
    close,
  }
}
