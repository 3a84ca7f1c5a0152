import { SallyportError } from '../errors.ts'
import { passwordOnly } from './credentials.ts'
import type { UserAccess } from './known-user.ts'
import { newOneTimePassword, ONE_TIME_LIFE } from './one-time-password.ts'
import type { Passwords } from './password.ts'

/** What came of it. */
export interface ResetPassword {
  /** To be told once. */
  readonly oneTimePassword: string
  /** The epoch from now on. */
  readonly epoch: number
}

/**
 * Gives a user a one-time password in place of the one he has, and ends all of his sessions. Second factors stay; of
 * credentials that cannot be opened nothing stays.
 *
 * @param now ms since the epoch
 * @throws SallyportError `NOT_FOUND` if there is no such user, `TOO_BUSY` if the user is being changed by others
 */
export async function resetPassword(
  { users, vault }: UserAccess,
  passwords: Pick<Passwords, 'hash'>,
  name: string,
  now: number,
): Promise<ResetPassword> {
  const user = await users.find(name)
  if (user === undefined)
    throw new SallyportError('NOT_FOUND', `there is no user "${name}": "npx sallyport user list" shows them`)
  const oneTimePassword = newOneTimePassword()
  const fresh = passwordOnly(await passwords.hash(oneTimePassword), now + ONE_TIME_LIFE)
  const { passwordHash, oneTimeUntil } = fresh
  const kept = vault.open(name, user.credentials) ?? fresh
  const credentials = vault.seal(name, { ...kept, passwordHash, oneTimeUntil })
  if (await users.update(name, { credentials, endSessions: true }, user.revision))
    return { oneTimePassword, epoch: user.epoch + 1 }
  throw new SallyportError('TOO_BUSY', `the user "${name}" was changed at the same moment: try again`)
}
