import { join } from 'node:path'
import { createAuditFile } from './audit-file.ts'
import type { AuditFile } from './audit-file.ts'
import { CHAIN_START, chainLine } from './chain.ts'
import type { ChainEnd } from './chain.ts'
import type { AuditEvent } from './event.ts'

/** An event and when it was recorded. */
export interface Entry {
  readonly event: AuditEvent
  /** Ms since the epoch. */
  readonly at: number
  /** The UTC day, `YYYY-MM-DD`. */
  readonly day: string
}

/** Writes the entries of one process as one chain. */
export interface ChainWriter {
  /** Makes entries of one day durable, or rejects and leaves no trace of them. One call at a time. */
  (entries: readonly Entry[]): Promise<void>
  close(): Promise<void>
}

/** Dates an event. Throws a `RangeError` if `at` is no time. */
export function entryOf(event: AuditEvent, at: number): Entry {
  return { event, at, day: new Date(at).toISOString().slice(0, 10) }
}

/** Knows the file of the day, `<directory>/<YYYY-MM-DD>-<writer>.jsonl`, and the end of the chain. */
export function chainWriter(directory: string, writer: string): ChainWriter {
  let end: ChainEnd = CHAIN_START
  let day = ''
  let file: AuditFile | undefined

  const close = async (): Promise<void> => {
    const old = file
    file = undefined
    // All of it is on the disk already.
    await old?.close().catch(() => undefined)
  }
  const fileOf = async (wanted: string): Promise<AuditFile> => {
    if (file !== undefined && wanted === day && (await file.isLinked())) return file
    await close()
    file = await createAuditFile(join(directory, `${wanted}-${writer}.jsonl`))
    day = wanted
    return file
  }
  const commit = async (entries: readonly Entry[]): Promise<void> => {
    const wanted = entries[0]?.day ?? day
    // A clock that goes back does not lead back to the file of an earlier day: the chain runs through them in order.
    const target = await fileOf(wanted > day ? wanted : day)
    const { text, end: next } = linked(entries, end)
    await target.append(Buffer.from(text))
    end = next
  }
  return Object.assign(commit, { close })
}

function linked(entries: readonly Entry[], start: ChainEnd): { text: string; end: ChainEnd } {
  let end = start
  const lines = entries.map(({ event, at }) => {
    const made = chainLine(event, at, end)
    end = made.end
    return `${made.line}\n`
  })
  return { text: lines.join(''), end }
}
