/**
 * Who revokes may have a clock that is ahead of others: an entry of the live revocation list is kept for two days past
 * its certificate's end. In ms.
 */
export const REVOCATIONS_KEPT_LONGER: number = 2 * 24 * 60 * 60 * 1000

/** How many entries that are too old one write removes. */
export const PURGED_AT_ONCE = 100

/** How many entries the history of an account has. */
export const HISTORY_LENGTH = 50
