import type { User } from './user.ts'
import { passwordOnly, type Credentials } from './credentials.ts'
import { changeCredentials, type UserAccess } from './known-user.ts'
import { newOneTimePassword, ONE_TIME_LIFE } from './one-time-password.ts'
import type { Passwords } from './password.ts'
import { noSuchUser, userChangedMeanwhile } from './user-faults.ts'

/** What came of it. */
export interface ResetPassword {
  /** To be told once. */
  readonly oneTimePassword: string
  /** The epoch from now on. */
  readonly epoch: number
}

/**
 * Gives a user a one-time password in place of the one he has, and ends all of his sessions. Second factors stay (ASVS
 * 5.0, 6.4.3); of credentials that cannot be opened nothing stays.
 *
 * @param now ms since the epoch
 * @throws SallyportError `NOT_FOUND` if there is no such user, `TOO_BUSY` if the user is being changed by others
 */
export async function resetPassword(
  access: UserAccess,
  passwords: Pick<Passwords, 'hash'>,
  name: string,
  now: number,
): Promise<ResetPassword> {
  const user = await access.users.find(name)
  if (user === undefined) throw noSuchUser(name)
  const oneTimePassword = newOneTimePassword()
  const fresh = passwordOnly(await passwords.hash(oneTimePassword), now + ONE_TIME_LIFE)
  const epoch = (await withFactorsKept(name, fresh, access)) ?? (await replaced(user, fresh, access))
  return { oneTimePassword, epoch }
}

async function withFactorsKept(
  name: string,
  { passwordHash, oneTimeUntil }: Credentials,
  access: UserAccess,
): Promise<number | undefined> {
  return changeCredentials(
    name,
    ({ user, credentials }) => ({
      kind: 'write',
      credentials: { ...credentials, passwordHash, oneTimeUntil, enrolling: null },
      endSessions: true,
      told: user.epoch + 1,
    }),
    access,
  )
}

async function replaced(
  { name, epoch, revision }: User,
  fresh: Credentials,
  { users, vault }: UserAccess,
): Promise<number> {
  const credentials = vault.seal(name, fresh)
  if (await users.update(name, { credentials, endSessions: true }, revision)) return epoch + 1
  throw userChangedMeanwhile(name)
}
