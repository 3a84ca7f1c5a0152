/** Whoever tries to log in, before anything was checked. */
export interface Attempt {
  /** The name that was typed, whether there is such a user or not; absent where none is (a passkey that names its user). */
  readonly user?: string
  readonly address: string
  /** A browser in which this user logged in before; `known-device.ts` says so. */
  readonly device?: string
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
  /** The attempt was good: this account starts from the beginning. */
  loggedIn(attempt: Attempt): Promise<void>
  /**
   * A code, for a pending login or a fresh authentication.
   *
   * @param digest of the session that it is for
   */
  code(user: string, digest: string): Promise<Throttled>
}

/** Everybody may try as often as he likes: for tests of what throttling hides. */
export const unsafeNoThrottle: Throttle = {
  login: async () => GO,
  loggedIn: async () => undefined,
  code: async () => GO,
}

const GO: Throttled = Object.freeze({ kind: 'go' })
