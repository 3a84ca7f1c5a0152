import type { SessionRecord, SessionRecords } from '../auth/session-record.ts'

/** The session records, as `login` needs them: what the authenticator asks, and opening and ending. */
export interface SessionStore extends SessionRecords {
  /**
   * Opens a session and ends the one it replaces (digest of the same user's token), in one step.
   *
   * Fails closed: false, and nothing changed, when the user is gone, disabled or of another epoch than the record, or
   * when `replaces` is given and no longer live: what was ended meanwhile is not brought back.
   */
  open(
    record: SessionRecord,
    idleExpiresAt: number,
    replaces: string | undefined,
    now: number,
  ): Promise<boolean>
  /** Ends a session. True if it was there. `slot` as in `SessionRecords.validate`. */
  end(digest: string, slot: string): Promise<boolean>
  /** Ends every session of a user by raising the epoch. */
  endAll(user: string): Promise<void>
}
