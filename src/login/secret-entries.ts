/** What a principal keeps for an upstream under a name, as anybody may see it who may know that it is there. */
export interface KeptSecret {
  readonly upstream: string
  readonly name: string
  /** Ms since the epoch. */
  readonly setAt: number
}

/** The same, with the value, sealed (`secret-vault.ts`). */
export interface SecretEntry extends KeptSecret {
  readonly sealed: string
}

/**
 * What principals keep for upstreams: at most one entry of a principal, upstream and name. Principals are as in
 * `user:alice`. Rejects with `STORE_UNAVAILABLE`.
 */
export interface SecretEntries {
  find(principal: string, upstream: string, name: string): Promise<SecretEntry | undefined>
  /** All of a principal, by upstream and name. */
  list(principal: string): Promise<readonly KeptSecret[]>
  /** Writes one, in place of the one that is there; false, and nothing changed, if it would be one more than `most`. */
  put(principal: string, entry: SecretEntry, most: number): Promise<boolean>
  /** False if there is none. */
  remove(principal: string, upstream: string, name: string): Promise<boolean>
  /** Everything of a principal. */
  removeAll(principal: string): Promise<void>
  /** Who keeps anything, by name. */
  principals(): Promise<readonly string[]>
}
