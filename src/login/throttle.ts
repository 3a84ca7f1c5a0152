/** Where a try comes from; a caller is one. */
export interface Source {
  readonly address: string
  /** What says that it is a browser in which this user logged in before; see `known-device.ts`. */
  readonly deviceCookie?: string
}

/** Whoever tries to log in, before anything was checked. */
export interface Attempt {
  /** The name that was typed, whether there is such a user or not; absent where none is (a passkey that names its user). */
  readonly user?: string
  readonly caller: Source
}

/** A proof inside a session, before it was checked: a code, or the present password. */
export interface Proof {
  readonly user: string
  /** Of the session: a pending login, or one in which something is proved anew. */
  readonly digest: string
  readonly caller: Source
}

/** Whether to go on, or how many whole seconds to wait. */
export type Throttled = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly seconds: number }

/**
 * How often may be tried. A try is counted before it is checked, so that no more are checked than are counted.
 *
 * Fails closed: rejects with `STORE_UNAVAILABLE` when nothing can be counted.
 */
export interface Throttle {
  /** A name with a password, or a passkey. */
  login(attempt: Attempt): Promise<Throttled>
  /**
   * The attempt was good: this account starts from the beginning. To wait means that it is not to be let in all the
   * same: it logs in too often.
   *
   * @param user who it turned out to be
   */
  loggedIn(attempt: Attempt, user: string): Promise<Throttled>
  /** A code for a pending login or a fresh authentication, or the present password. */
  code(proof: Proof): Promise<Throttled>
  /** The proof was good, and with it everything is proved that is tried: it counts no longer. */
  codeWasGood(proof: Proof): Promise<void>
  /**
   * The same where something is still to be guessed, or where whoever tries may have made what is good by himself: the
   * other tries count on.
   */
  codeWasNoGuess(proof: Proof): Promise<void>
  /** Something that is kept for a stranger until it is used, such as the code of a device. */
  begin(address: string): Promise<Throttled>
}
