/** A person who logs in. Roles are not here: they come from the access policy. */
export interface User {
  readonly name: string
  /** Argon2id, as a PHC string. */
  readonly passwordHash: string
  /** Until when the password is good as a one-time password, in ms since the epoch; null for one the user chose. */
  readonly oneTimeUntil: number | null
  readonly disabled: boolean
  /** Rises whenever all sessions of the user must end. */
  readonly epoch: number
  /** Ms since the epoch. */
  readonly createdAt: number
}

/** The users, as `login` needs them. Rejects with `STORE_UNAVAILABLE` when the store cannot answer. */
export interface Users {
  find(name: string): Promise<User | undefined>
  /** Adds a user; false, and nothing changed, if the name is taken. */
  create(user: User): Promise<boolean>
  /**
   * Sets the password and raises the epoch in one step, which ends every session of the user; false, and nothing
   * changed, if there is no such user or its epoch is no longer `expectedEpoch`.
   */
  setPassword(
    name: string,
    passwordHash: string,
    oneTimeUntil: number | null,
    expectedEpoch: number,
  ): Promise<boolean>
  /** All users, by name. */
  list(): Promise<readonly User[]>
}
