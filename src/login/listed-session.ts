import type { AuthenticationMethod, LiveSession, PendingStep } from '../auth/session-record.ts'
import { deviceWords } from './device-words.ts'
import { sessionId } from './session-id.ts'
import { isoTime } from './session-view.ts'

/** A session, as lists of sessions say it. Times in ISO 8601. */
export interface ListedSession {
  /** For ending it; nothing else can be done with it. */
  readonly id: string
  readonly label: string
  readonly address: string
  /** Browser and system, as it says itself. */
  readonly device: string
  readonly methods: readonly AuthenticationMethod[]
  /** The step that a login still lacks; null for a complete session. */
  readonly pending: PendingStep | null
  readonly createdAt: string
  readonly lastSeenAt: string
  readonly expiresAt: string
  /** Whether it is the one that asks. */
  readonly current: boolean
}

/** @param current digest of the session that asks, if one does */
export function listedSession({ record, lastSeenAt }: LiveSession, current?: string): ListedSession {
  return {
    id: sessionId(record.digest),
    label: record.label,
    address: record.address,
    device: deviceWords(record.userAgent),
    methods: record.authenticationMethods,
    pending: record.pending,
    createdAt: isoTime(record.createdAt),
    lastSeenAt: isoTime(lastSeenAt),
    expiresAt: isoTime(record.expiresAt),
    current: record.digest === current,
  }
}
