/** Something that happened to an account, for its owner to read. */
export type HistoryEvent =
  | 'login'
  | 'login_failed'
  | 'password_changed'
  | 'password_reset'
  | 'totp_added'
  | 'totp_removed'
  | 'passkey_added'
  | 'passkey_removed'
  | 'recovery_codes_made'
  | 'recovery_code_used'
  | 'factors_reset'
  | 'session_ended'
  | 'sessions_ended'
  | 'device_approved'
  | 'call_confirmed'
  | 'call_approved'
  | 'call_refused'
  | 'secret_set'
  | 'secret_removed'
  | 'disabled'
  | 'enabled'

/** One line of an account's history. */
export interface HistoryEntry {
  /** Ms since the epoch. */
  readonly at: number
  readonly event: HistoryEvent
  /** Empty for what an operator did by command. */
  readonly address: string
  readonly userAgent: string
}

/** The history of each account: its latest entries. Rejects with `STORE_UNAVAILABLE`. */
export interface Histories {
  add(user: string, entry: HistoryEntry): Promise<void>
  /** Newest first. */
  list(user: string): Promise<readonly HistoryEntry[]>
}
