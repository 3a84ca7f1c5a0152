import { SallyportError } from '../errors.ts'
import { newOneTimePassword, ONE_TIME_LIFE } from './one-time-password.ts'
import type { Passwords } from './password.ts'
import type { Users } from './user.ts'

/**
 * Gives a user a one-time password in place of the one he has, and ends all of his sessions.
 *
 * @param now ms since the epoch
 * @returns the one-time password, to be told once
 * @throws SallyportError `NOT_FOUND` if there is no such user, `TOO_BUSY` if the user is being changed by others
 */
export async function resetPassword(
  users: Users,
  passwords: Pick<Passwords, 'hash'>,
  name: string,
  now: number,
): Promise<string> {
  const user = await users.find(name)
  if (user === undefined)
    throw new SallyportError('NOT_FOUND', `there is no user "${name}": "npx sallyport user list" shows them`)
  const oneTimePassword = newOneTimePassword()
  const hash = await passwords.hash(oneTimePassword)
  if (await users.setPassword(name, hash, now + ONE_TIME_LIFE, user.epoch)) return oneTimePassword
  throw new SallyportError('TOO_BUSY', `the user "${name}" was changed at the same moment: try again`)
}
