import { randomBytes } from 'node:crypto'
import { changeCredentials } from './known-user.ts'
import type { LoginOptions } from './options.ts'

/** In bytes. Random: it says nothing about the user (WebAuthn Level 3, section 14.6.1). */
const HANDLE_LENGTH = 32

/**
 * The WebAuthn user handle of a user, base64url, made with the first passkey and kept from then on. Noted in the index
 * each time, so that an index that was lost mends itself.
 *
 * `undefined` for nobody. Rejects with `STORE_UNAVAILABLE` or `TOO_BUSY`.
 */
export async function ensureHandle(user: string, options: LoginOptions): Promise<string | undefined> {
  const made = randomBytes(HANDLE_LENGTH).toString('base64url')
  const handle = await changeCredentials(
    user,
    ({ credentials }) =>
      credentials.userHandle === null
        ? {
            kind: 'write',
            credentials: { ...credentials, userHandle: made },
            endSessions: false,
            told: made,
          }
        : { kind: 'leave', told: credentials.userHandle },
    options,
  )
  if (handle !== undefined) await options.handles.claim(handle, user)
  return handle
}
