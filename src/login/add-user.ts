import { PRINCIPAL_NAME } from '../auth/principal.ts'
import { SallyportError } from '../errors.ts'
import { passwordOnly } from './credentials.ts'
import { newOneTimePassword, ONE_TIME_LIFE } from './one-time-password.ts'
import type { Passwords } from './password.ts'
import type { UserAccess } from './known-user.ts'

/** Whom to add. Without a password of his own he gets a one-time password. */
export interface NewUser {
  readonly name: string
  readonly password?: string
}

/** What to tell the operator, once. */
export interface AddedUser {
  readonly name: string
  /** Good for an hour, and only for setting a password; absent if one was given. */
  readonly oneTimePassword?: string
}

/**
 * Adds a user.
 *
 * @param now ms since the epoch
 * @throws SallyportError `NAME_INVALID`, `PASSWORD_REFUSED`, `NAME_TAKEN`; nothing was changed then
 */
export async function addUser(
  { users, vault }: UserAccess,
  passwords: Pick<Passwords, 'hash' | 'problemOf'>,
  { name, password }: NewUser,
  now: number,
): Promise<AddedUser> {
  assertUserName(name)
  const problem = password === undefined ? undefined : await passwords.problemOf(password, name)
  if (problem !== undefined) throw new SallyportError('PASSWORD_REFUSED', problem)
  const oneTimePassword = newOneTimePassword()
  const passwordHash = await passwords.hash(password ?? oneTimePassword)
  const user = {
    name,
    credentials: vault.seal(
      name,
      passwordOnly(passwordHash, password === undefined ? now + ONE_TIME_LIFE : null),
    ),
    disabled: false,
    epoch: 0,
    revision: 0,
    createdAt: now,
  }
  if (!(await users.create(user)))
    throw new SallyportError('NAME_TAKEN', `there is a user "${name}" already: choose another name`)
  return password === undefined ? { name, oneTimePassword } : { name }
}

/** Throws `NAME_INVALID` for what cannot be the name of a user. */
export function assertUserName(name: string): void {
  if (PRINCIPAL_NAME.test(name)) return
  const shown = JSON.stringify(name.slice(0, 80))
  throw new SallyportError(
    'NAME_INVALID',
    `${shown} cannot be the name of a user: take up to 64 of a-z, 0-9, ".", "_" and "-", beginning and ending with a letter or digit; for a person of another trust domain that domain, "/" and the name there`,
  )
}
