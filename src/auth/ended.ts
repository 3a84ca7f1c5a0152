/**
 * A session, or all sessions of a user, that ended before their time. Every node keeps it for as long as it matters:
 * open streams end at once, and a store that forgets it (a failover, a restored copy) is not believed.
 */
export type Ended =
  | {
      readonly kind: 'session'
      /** Hex SHA-256 of the token. */
      readonly digest: string
      /** When the session would have ended in any case, in ms since the epoch; afterwards the entry may be forgotten. */
      readonly until: number
    }
  | {
      readonly kind: 'user'
      readonly user: string
      /** The least epoch of a session of this user that is still good. */
      readonly epoch: number
      readonly until: number
    }

/**
 * Tells every node, and resolves once it is kept. Rejects with `STORE_UNAVAILABLE`. It always goes through: no quota
 * stands in its way.
 */
export type AnnounceEnded = (ended: readonly Ended[]) => Promise<void>
