import type { Store as BrowserSessions } from 'express-session'
import type { RevocationStore } from '../auth/revocation.ts'
import type { ConfirmationStore } from '../login/confirmation-store.ts'
import type { DeviceLogins } from '../login/device-store.ts'
import type { Histories } from '../login/history.ts'
import type { RateLimits } from '../login/rate-limits.ts'
import type { SecretEntries } from '../login/secret-entries.ts'
import type { SessionStore } from '../login/session-store.ts'
import type { UserHandles } from '../login/user-handles.ts'
import type { Users } from '../login/user.ts'
import type { NoteStore } from '../tools/note-store.ts'
import type { ClientOptions } from './redis-client.ts'

/** Everything that is kept, on one engine. */
export interface Store {
  readonly users: Users
  readonly sessions: SessionStore
  readonly handles: UserHandles
  readonly devices: DeviceLogins
  readonly confirmations: ConfirmationStore
  readonly histories: Histories
  /** How often was tried. */
  readonly rateLimits: RateLimits
  readonly notes: NoteStore
  /** What principals keep for upstreams. */
  readonly secrets: SecretEntries
  readonly revocations: RevocationStore
  /** What express-session keeps for a browser: never a credential, and never under the session id itself. */
  readonly browserSessions: BrowserSessions
  /** Resolves if the store answers; rejects with `STORE_UNAVAILABLE`. */
  ping(): Promise<void>
  /** Lets go of files and connections. May be called twice. */
  close(): Promise<void>
}

/** What the engines need from outside; the part about TLS, sentinels and the prefix is for Redis. */
export interface StoreOptions extends ClientOptions {
  /** Ms since the epoch; decides only when what has ended is too old to keep, and on SQLite when counters end. */
  readonly now: () => number
  /** The slot tag of a user (`auth/session-token.ts`): all keys of one user share a hash slot of a Redis Cluster. */
  readonly slotOf: (user: string) => string
}
