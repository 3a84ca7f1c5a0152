import type { AuditEvent } from '../audit/event.ts'
import type { UpstreamOptions } from '../mcp/upstreams/options.ts'
import type { LockPorts } from './lock-live.ts'

/** What the commands about the lock file work on, and with. */
export interface LockParts {
  /** Path of the lock file. */
  readonly file: string
  /** All that are configured. */
  readonly options: readonly UpstreamOptions[]
  readonly ports: LockPorts
  /** Puts something on record; rejects if that cannot be. */
  readonly record: (events: readonly AuditEvent[]) => Promise<void>
  /** Asks with yes or no; `undefined` where nobody is there to answer. */
  readonly confirm: (question: string) => Promise<boolean | undefined>
  /** The user of the machine who does this. */
  readonly user: string
}
