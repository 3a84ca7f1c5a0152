/** A person who logs in. Roles are not here: they come from the access policy. */
export interface User {
  readonly name: string
  /** What the user logs in by, sealed (`credential-vault.ts`). */
  readonly credentials: string
  readonly disabled: boolean
  /** Rises whenever all sessions of the user must end. */
  readonly epoch: number
  /** Rises with every change of the credentials. */
  readonly revision: number
  /** Ms since the epoch. */
  readonly createdAt: number
}

/** What is to become of a user. */
export interface UserChange {
  readonly credentials: string
  /** Whether the epoch rises in the same step, which ends every session of the user. */
  readonly endSessions: boolean
}

/** The users, as `login` needs them. Rejects with `STORE_UNAVAILABLE` when the store cannot answer. */
export interface Users {
  find(name: string): Promise<User | undefined>
  /** Adds a user; false, and nothing changed, if the name is taken. */
  create(user: User): Promise<boolean>
  /**
   * Changes the credentials in one step; false, and nothing changed, if there is no such user or its revision is no
   * longer `expected`.
   */
  update(name: string, change: UserChange, expected: number): Promise<boolean>
  /**
   * Disables or enables, and ends every session of the user in the same step. Always goes through, as far as the store
   * answers.
   *
   * @param above what the epoch must exceed, for a store that has lost how high it was
   * @returns the epoch from now on; `undefined` if there is no such user
   */
  setDisabled(name: string, disabled: boolean, above?: number): Promise<number | undefined>
  /** All users, by name. */
  list(): Promise<readonly User[]>
}
