/**
 * Whether the user of a login account may be anybody at all, as every node must come to know: a session ends with the
 * account by itself, but a certificate of the same principal would be good until it ends. Of several the one of the
 * highest epoch counts, so that who was disabled can be enabled again.
 */
export interface AccountState {
  readonly kind: 'account'
  /** The name of the user; one of another trust domain has that domain in front. */
  readonly user: string
  /** Of the user, since when this holds: every change raises it. */
  readonly epoch: number
  readonly disabled: boolean
  /** When it may be forgotten, in ms since the epoch. */
  readonly until: number
}

const YEAR = 365 * 24 * 3_600_000

/**
 * How long the state of an account is kept after a change, in ms: as long as a root of ours lives, and so longer than
 * any certificate of ours. A node that starts learns it from the account itself.
 */
export const ACCOUNT_STATE_KEPT: number = 10 * YEAR

/** The state of an account since an epoch. @param now ms since the epoch */
export function accountState(
  { name, epoch, disabled }: { readonly name: string; readonly epoch: number; readonly disabled: boolean },
  now: number,
): AccountState {
  return { kind: 'account', user: name, epoch, disabled, until: now + ACCOUNT_STATE_KEPT }
}
