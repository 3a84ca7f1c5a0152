import type { LiveSession, SessionRecord, SessionRecords } from '../auth/session-record.ts'

/** A session that ended before its time. */
export interface EndedSession {
  /** Hex SHA-256 of the token. */
  readonly digest: string
  /** When it would have ended in any case, in ms since the epoch. */
  readonly expiresAt: number
}

/** The session records, as `login` needs them: what the authenticator asks, and opening and ending. */
export interface SessionStore extends SessionRecords {
  /**
   * Opens a session and ends the one it replaces (digest of the same user's token), in one step.
   *
   * Fails closed: `undefined`, and nothing changed, when the user is gone, disabled or of another epoch than the record, or
   * when `replaces` is given and no longer live: what was ended meanwhile is not brought back.
   *
   * @param most of this user's at once, pending logins and complete sessions each for themselves: beyond, the oldest
   *   end, and never the one that is opened
   * @param mayDisplace whether they end; else nothing is opened, and nothing changed, where there are so many already
   * @returns what has ended in this step: the one it replaces, and the oldest beyond the most
   */
  open(
    record: SessionRecord,
    idleExpiresAt: number,
    replaces: string | undefined,
    now: number,
    most: number,
    mayDisplace?: boolean,
  ): Promise<readonly EndedSession[] | undefined>
  /** Ends a session. True if it was there. `slot` as in `SessionRecords.validate`. */
  end(digest: string, slot: string): Promise<boolean>
  /**
   * Ends every session of a user by raising the epoch. Always goes through, as far as the store answers.
   *
   * @returns the epoch from now on; `undefined` if there is no such user
   */
  endAll(user: string): Promise<number | undefined>
  /** The live sessions of a user, pending ones among them; newest first. Slides none. */
  list(user: string, now: number): Promise<readonly LiveSession[]>
}
