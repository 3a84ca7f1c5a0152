import type { Readable, Writable } from 'node:stream'

/** A process that an upstream of stdio runs in. Its stderr is told elsewhere, line by line. */
export interface SpawnedProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Fulfilled with why, in words for the operator, when it is gone, however. */
  readonly closed: Promise<string>
  /** Ends it with everything that it has started; fulfilled when that is gone. May be called twice. Never rejects. */
  close(): Promise<void>
}
