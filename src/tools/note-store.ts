/** One note, shared by all who may read notes. */
export interface Note {
  readonly id: string
  readonly text: string
  /** Principal id of who wrote it last. */
  readonly author: string
  /** Ms since the epoch. */
  readonly updatedAt: number
}

/** What one principal may keep. */
export interface NoteQuota {
  readonly notes: number
  /** Bytes of UTF-8 in the text of all of its notes together. */
  readonly bytes: number
}

/** Where notes are kept. Rejects with `STORE_UNAVAILABLE` when the store cannot answer. */
export interface NoteStore {
  /** Ids, by name; at most `limit`. */
  list(limit: number): Promise<readonly string[]>
  read(id: string): Promise<Note | undefined>
  /**
   * Writes a note in one step with the check of its author's quota (a note counts against who wrote it last).
   * False, and nothing changed, if it would exceed the quota.
   */
  write(note: Note, quota: NoteQuota): Promise<boolean>
  /** True if it was there. */
  delete(id: string): Promise<boolean>
}
