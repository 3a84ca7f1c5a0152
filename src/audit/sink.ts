import { access, constants, mkdir } from 'node:fs/promises'
import { errnoOf, SallyportError } from '../errors.ts'
import { anonymousLog } from './anonymous.ts'
import type { AnonymousLog } from './anonymous.ts'
import { chainWriter, entryOf } from './chain-writer.ts'
import type { ChainWriter, Entry } from './chain-writer.ts'
import type { AuditEvent, AuditSink } from './event.ts'

/** Events that may wait for the disk; beyond, the next one is refused. */
const MOST_WAITING = 10_000

/** What an audit sink of files needs. */
export interface FileAuditSinkOptions {
  /** Made, mode 0700, if it is missing. */
  readonly directory: string
  /** Fresh for each start of a process, safe in a file name: process id and random suffix. */
  readonly writer: string
  /** Ms since the epoch. */
  readonly now: () => number
  /** Takes the refusals of strangers; by default files beside the audit trail. */
  readonly anonymous?: AnonymousLog
}

/** An audit sink that ends. */
export interface FileAuditSink extends AuditSink {
  /** Whether the last thing that was to be written was written. */
  healthy(): boolean
  /** Writes what waits, then closes. Afterwards `record` rejects. */
  close(): Promise<void>
}

interface Waiting extends Entry {
  readonly resolve: () => void
  readonly reject: (error: SallyportError) => void
}

/**
 * Writes events as one chain of lines into `<directory>/<YYYY-MM-DD>-<writer>.jsonl` (UTC, mode 0600). Events that
 * arrive while others are being written go to the disk together (group commit); `record` resolves after that.
 *
 * Fails closed: what cannot be made durable rejects with `AUDIT_UNAVAILABLE` and leaves nothing in the file, and the
 * chain goes on from the last durable line; the next event tries again.
 */
export async function fileAuditSink(options: FileAuditSinkOptions): Promise<FileAuditSink> {
  const { directory, now } = options
  const anonymous = options.anonymous ?? anonymousLog({ directory, writer: options.writer, now })
  await writable(directory)
  const commit = chainWriter(directory, options.writer)
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let healthy = true
  let closed = false

  const drain = async (): Promise<void> => {
    // What is recorded in the same turn goes to the disk together.
    await Promise.resolve()
    while (waiting.length > 0) {
      const batch = sameDay(waiting)
      waiting = waiting.slice(batch.length)
      healthy = await settle(batch, commit, directory)
    }
    running = undefined
  }
  const record = async (event: AuditEvent): Promise<void> => {
    if (event.event === 'request.refused') return anonymous.record(event)
    if (closed) throw unavailable('is closed')
    if (waiting.length >= MOST_WAITING) throw unavailable(`has ${MOST_WAITING} events waiting for the disk`)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.push({ ...entryOf(event, now()), resolve, reject })
    running ??= drain()
    return promise
  }
  const close = async (): Promise<void> => {
    closed = true
    await running
    await Promise.all([commit.close(), anonymous.close()])
  }
  return { record, healthy: () => healthy, close }
}

/** Writes one batch and tells everybody who waits for it. True if it is durable. */
async function settle(batch: readonly Waiting[], commit: ChainWriter, directory: string): Promise<boolean> {
  try {
    await commit(batch)
    for (const { resolve } of batch) resolve()
    return true
  } catch (cause) {
    const error = unavailable(
      `in ${directory} cannot be written (${errnoOf(cause)}): check space and rights`,
      cause,
    )
    for (const { reject } of batch) reject(error)
    return false
  }
}

function sameDay(waiting: readonly Waiting[]): Waiting[] {
  const other = waiting.findIndex(({ day }) => day !== waiting[0]?.day)
  return waiting.slice(0, other === -1 ? waiting.length : other)
}

async function writable(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await access(directory, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unavailable(
      `cannot be kept in ${directory} (${errnoOf(cause)}): check the path and its rights`,
      cause,
    )
  }
}

function unavailable(what: string, cause?: unknown): SallyportError {
  return new SallyportError('AUDIT_UNAVAILABLE', `the audit trail ${what}`, { cause })
}
