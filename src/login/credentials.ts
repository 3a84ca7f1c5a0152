/** How a user logs in. Never stored but sealed (`credential-vault.ts`). All times in ms since the epoch. */
export interface Credentials {
  /** Argon2id, as a PHC string. */
  readonly passwordHash: string
  /** Until when the password is good as a one-time password; null for one the user chose. */
  readonly oneTimeUntil: number | null
  readonly totp: TotpFactor | null
  /** A secret that was shown and is not a factor yet; null for none. */
  readonly enrolling: TotpEnrolment | null
  /** Hex SHA-256 of the recovery codes that were not used yet. */
  readonly recoveryCodes: readonly string[]
  readonly passkeys: readonly Passkey[]
  /** The WebAuthn user handle, base64url; null until the first passkey. */
  readonly userHandle: string | null
}

/** A time-based one-time password (RFC 6238). */
export interface TotpFactor {
  /** Base32. */
  readonly secret: string
  /** The step of the last code that was taken: it and all before it are used. */
  readonly lastStep: number
  readonly addedAt: number
}

/** A TOTP secret, until a code of it is given. */
export interface TotpEnrolment {
  /** Base32. */
  readonly secret: string
  /** Digest of the session that it was shown to, and no other may use it. */
  readonly session: string
  readonly until: number
}

/** A WebAuthn credential. */
export interface Passkey {
  /** Credential id, base64url. */
  readonly id: string
  /** COSE public key, base64url. */
  readonly publicKey: string
  /** Signature counter; 0 for an authenticator that has none. */
  readonly counter: number
  /** The latest challenges that it answered, by their end (`passkey-challenge.ts`): none of them is good again. */
  readonly answered: readonly string[]
  readonly transports: readonly string[]
  /** What its owner calls it. */
  readonly label: string
  readonly addedAt: number
  readonly lastUsedAt: number | null
}

/** The credentials of somebody who has nothing but a password. */
export function passwordOnly(passwordHash: string, oneTimeUntil: number | null): Credentials {
  return {
    passwordHash,
    oneTimeUntil,
    totp: null,
    enrolling: null,
    recoveryCodes: [],
    passkeys: [],
    userHandle: null,
  }
}

/** Whether there is a second factor. Recovery codes are none by themselves. */
export function hasSecondFactor({ totp, passkeys }: Credentials): boolean {
  return totp !== null || passkeys.length > 0
}
