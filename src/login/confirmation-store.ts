/**
 * A confirmation that was asked for, as it is kept. What it says is sealed (`confirmation-seal.ts`): the store believes
 * nothing, and reads no more than it needs to find it.
 */
export interface ConfirmationEntry {
  readonly id: string
  /** Keyed digest of the call and of what it needs: the same call has the same one. */
  readonly call: string
  /** Keyed digest of the principal whose call it is, whom it counts against. */
  readonly holder: string
  /** Of those who may answer; null where that is the principal himself. */
  readonly role: string | null
  readonly request: string
  /** The arguments, apart: a list needs none. */
  readonly args: string
  /** Ms since the epoch. */
  readonly expiresAt: number
}

/** What is kept of one that has not ended. */
export interface KeptConfirmation {
  readonly id: string
  readonly request: string
  /** Empty while nobody has answered. */
  readonly answer: string
}

/** How many there may be, answered ones among them, so that nobody can fill the store. */
export interface ConfirmationQuota {
  readonly overall: number
  readonly perHolder: number
  /** Of all that is sealed, together. */
  readonly bytes: number
}

/**
 * The confirmations that were asked for and not yet used. Each step is atomic, every entry has an end, and `now` (ms since
 * the epoch) is the caller's. Rejects with `STORE_UNAVAILABLE`.
 */
export interface ConfirmationStore {
  /** Adds one. Nothing changes where the quota is full, or the same call is there already. */
  open(entry: ConfirmationEntry, quota: ConfirmationQuota, now: number): Promise<'opened' | 'there' | 'full'>
  find(id: string, now: number): Promise<KeptConfirmation | undefined>
  /** Those of any of these calls. */
  ofCalls(calls: readonly string[], now: number): Promise<readonly KeptConfirmation[]>
  argsOf(id: string, now: number): Promise<string | undefined>
  /** Answers it, once, and gives it another end: false if it is answered already, past its end, or was never there. */
  answer(id: string, answer: string, expiresAt: number, now: number): Promise<boolean>
  /** Takes all of them away, if each is there with this very answer; else none. However many try, it is true once. */
  take(answered: readonly Pick<KeptConfirmation, 'id' | 'answer'>[], now: number): Promise<boolean>
  /** The roles for which any may be waiting. */
  roles(now: number): Promise<readonly string[]>
  /** Those that wait for somebody with a role, the first to end first; at most so many. */
  waitingFor(role: string, most: number, now: number): Promise<readonly KeptConfirmation[]>
}
