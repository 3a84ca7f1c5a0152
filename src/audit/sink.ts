import { access, constants, mkdir } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { errnoOf, SallyportError } from '../errors.ts'
import { anonymousLog } from './anonymous.ts'
import type { AnonymousLog } from './anonymous.ts'
import { chainWriter, entryOf } from './chain-writer.ts'
import type { Entry } from './chain-writer.ts'
import type { AuditEvent, AuditSink } from './event.ts'
import type { Mirror, MirrorState } from './mirror.ts'
import type { Seal, WrittenLine } from './piece.ts'
import { trailFile, trailFileName } from './trail-files.ts'

/** Events that may wait for the disk; beyond, the next one is refused. */
const MOST_WAITING = 10_000
const LARGEST_FILE = 67_108_864
/** How long a copy elsewhere that is required may take, in ms. */
const MIRRORED_WITHIN = 1000

/** What an audit sink of files needs. */
export interface FileAuditSinkOptions {
  /** Made, mode 0700, if it is missing. */
  readonly directory: string
  /** Fresh for each start of a process, safe in a file name, without ".2" at its end: process id and random suffix. */
  readonly writer: string
  /** Ms since the epoch. */
  readonly now: () => number
  /** Takes the refusals of strangers; by default files beside the audit trail. */
  readonly anonymous?: AnonymousLog
  /** How the chain is signed; without it, it has no checkpoints. */
  readonly seal?: Seal
  /** Bytes after which a file is followed by another one; 64 MiB unless given. */
  readonly largestFile?: number
  /** Copies elsewhere; closed with the sink. */
  readonly mirrors?: readonly Mirror[]
}

/** An audit sink that ends. */
export interface FileAuditSink extends AuditSink {
  /** Whether the last thing that was to be written was written. */
  healthy(): boolean
  /** How the copies elsewhere do. */
  mirrors(): readonly MirrorState[]
  /** Writes what waits and a last checkpoint, then closes. Afterwards `record` rejects. */
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
  const { directory, writer, now, seal, largestFile = LARGEST_FILE, mirrors = [] } = options
  const anonymous = options.anonymous ?? anonymousLog({ directory, writer, now })
  if (trailFile(trailFileName({ day: '2026-01-01', writer, part: 1 }))?.writer !== writer)
    throw unavailable(`cannot be kept under the name ${writer}: it would be read as that of another writer`)
  await writable(directory)
  const chain = chainWriter({ directory, writer, seal, largestFile })
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let healthy = true
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let isDue = false

  const keep = async (write: () => Promise<readonly WrittenLine[]>): Promise<SallyportError | undefined> => {
    const error = await kept(write, { directory, writer, mirrors })
    healthy = error === undefined
    return error
  }
  const drain = async (): Promise<void> => {
    // What is recorded in the same turn goes to the disk together.
    await Promise.resolve()
    while (waiting.length > 0 || isDue) {
      const batch = sameDay(waiting)
      waiting = waiting.slice(batch.length)
      if (batch.length > 0) settle(batch, await keep(() => chain.write(batch)))
      if (isDue) await keep(() => chain.sign(now()))
      isDue = false
    }
    if (chain.isOpen() && !closed) timer ??= setTimeout(signSoon, seal?.ms).unref()
    running = undefined
  }
  const signSoon = (): void => {
    timer = undefined
    isDue = true
    running ??= drain()
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
    clearTimeout(timer)
    await running
    if (chain.isOpen()) await keep(() => chain.sign(now()))
    await Promise.all([chain.close(), anonymous.close(), ...mirrors.map((mirror) => mirror.close())])
  }
  return {
    record,
    healthy: () => healthy,
    mirrors: () => mirrors.map((mirror) => mirror.state()),
    close,
  }
}

/** Tells everybody who waits for a batch what became of it. */
function settle(batch: readonly Waiting[], error: SallyportError | undefined): void {
  for (const { resolve, reject } of batch)
    if (error === undefined) resolve()
    else reject(error)
}

interface Places {
  readonly directory: string
  readonly writer: string
  readonly mirrors: readonly Mirror[]
}

/**
 * Makes lines durable: in the file, and then in every copy that is required. Why it did not come to that, otherwise;
 * what only a copy lacks stays in the file, and is still sent.
 */
async function kept(
  write: () => Promise<readonly WrittenLine[]>,
  { directory, writer, mirrors }: Places,
): Promise<SallyportError | undefined> {
  try {
    const lines = await write()
    const copies = mirrors.map((mirror) => ({ mirror, arrival: mirror.push(writer, lines) }))
    for (const { mirror, arrival } of copies)
      if (mirror.isRequired && !(await inTime(arrival)))
        return unavailable(`is not taken by ${mirror.state().name} within ${MIRRORED_WITHIN} ms`)
    return undefined
  } catch (cause) {
    return unavailable(`in ${directory} cannot be written (${errnoOf(cause)}): check space and rights`, cause)
  }
}

async function inTime(arrival: Promise<boolean>): Promise<boolean> {
  const over = new AbortController()
  try {
    return await Promise.race([arrival, wait(MIRRORED_WITHIN, false, { signal: over.signal })])
  } finally {
    over.abort()
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
