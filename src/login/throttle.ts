/** Whoever tries to log in, before anything was checked. */
export interface Attempt {
  /** The name that was typed, whether there is such a user or not; absent where none is (a passkey that names its user). */
  readonly user?: string
  readonly address: string
  /** A browser in which this user logged in before, as `deviceOf` in `known-device.ts` says. */
  readonly device?: string | undefined
}

/** A proof inside a session, before it was checked: a code, or the present password. */
export interface Proof {
  readonly user: string
  /** Of the session: a pending login, or one in which something is proved anew. */
  readonly digest: string
  /** As in {@link Attempt}. */
  readonly device?: string | undefined
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
   */
  loggedIn(attempt: Attempt): Promise<Throttled>
  /** A code for a pending login or a fresh authentication, or the present password. */
  code(proof: Proof): Promise<Throttled>
  /** The proof was good, and counts no longer. */
  codeWasGood(proof: Proof): Promise<void>
  /** Something that is kept for a stranger until it is used: a device code, the challenge of a passkey. */
  begin(address: string): Promise<Throttled>
}

/** Everybody may try as often as he likes: for tests of what throttling hides. */
export const unsafeNoThrottle: Throttle = {
  login: async () => GO,
  loggedIn: async () => GO,
  code: async () => GO,
  codeWasGood: async () => undefined,
  begin: async () => GO,
}

const GO: Throttled = Object.freeze({ kind: 'go' })
