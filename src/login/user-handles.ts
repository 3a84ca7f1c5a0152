/**
 * Whose a WebAuthn user handle is: an index, for logins in which no name is typed. A hint and no proof: what counts is
 * that the sealed credentials of that user hold the same handle. Rejects with `STORE_UNAVAILABLE`.
 */
export interface UserHandles {
  /** Notes whose handle (base64url) it is; the same again changes nothing. */
  claim(handle: string, user: string): Promise<void>
  /** The name of the user, or `undefined`. */
  userOf(handle: string): Promise<string | undefined>
}
