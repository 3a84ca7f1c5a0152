/** A login that a device asks for, as it is kept. What it says is sealed (`device-seal.ts`): the store believes nothing. */
export interface DeviceEntry {
  /** Hex SHA-256 of the device code. */
  readonly device: string
  /** Digest of the user code. */
  readonly code: string
  /** Whom it counts against. */
  readonly network: string
  readonly request: string
  /** Ms since the epoch. */
  readonly expiresAt: number
}

/** A login that waits for an answer. */
export interface WaitingDevice {
  readonly device: string
  readonly request: string
}

/** How many may be open, so that strangers cannot fill the store. */
export interface DeviceQuota {
  readonly overall: number
  readonly perNetwork: number
}

/** How often a device may poll, in ms. */
export interface DevicePace {
  readonly interval: number
  /** So much more after each poll before its time (RFC 8628, 3.5), */
  readonly step: number
  /** up to this. */
  readonly most: number
  /** So much earlier is no fault: packets do not travel at one speed. */
  readonly tolerance: number
}

/** What became of a poll. */
export type Polled =
  /** Not known, past its end, or answered and fetched already. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'waiting' }
  /** Before its time: from now on the device has to wait for longer (RFC 8628, 3.5). */
  | { readonly kind: 'too_fast' }
  /** Told once: the entry is gone. */
  | { readonly kind: 'answered'; readonly request: string; readonly answer: string }

/**
 * The logins that devices ask for and nobody has fetched yet. Each step is atomic, every entry has an end, and `now` (ms
 * since the epoch) is the caller's. Rejects with `STORE_UNAVAILABLE`.
 */
export interface DeviceLogins {
  /** Adds one. Nothing changes where the quota is full, or one of the codes is taken. */
  open(entry: DeviceEntry, quota: DeviceQuota, now: number): Promise<'opened' | 'full' | 'taken'>
  /** The one that waits under a user code. */
  waiting(code: string, now: number): Promise<WaitingDevice | undefined>
  /** Answers it, once: false if it is answered already, past its end, or was never there. The code is used up. */
  answer(code: string, answer: string, now: number): Promise<boolean>
  /** Asks for the answer, and takes the entry away with it. */
  poll(device: string, pace: DevicePace, now: number): Promise<Polled>
}
