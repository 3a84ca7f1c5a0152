import { SallyportError } from '../errors.ts'
import { changeCredentials, type UserAccess } from './known-user.ts'
import { noSuchUser } from './user-faults.ts'

/**
 * Takes the second factors of a user away, recovery codes too, and ends all of his sessions. The password stays.
 *
 * Fails closed: credentials that cannot be opened are not replaced by some that have no second factor.
 *
 * @returns the epoch from now on
 * @throws SallyportError `NOT_FOUND` if there is no such user, `REFUSED` if his credentials cannot be opened, `TOO_BUSY`
 *   if the user is being changed by others
 */
export async function resetFactors(access: UserAccess, name: string): Promise<number> {
  const epoch = await changeCredentials(
    name,
    ({ user, credentials }) => ({
      kind: 'write',
      credentials: { ...credentials, totp: null, enrolling: null, recoveryCodes: [], passkeys: [] },
      endSessions: true,
      told: user.epoch + 1,
    }),
    access,
  )
  if (epoch !== undefined) return epoch
  if ((await access.users.find(name)) === undefined) throw noSuchUser(name)
  throw new SallyportError(
    'REFUSED',
    `what "${name}" logs in by cannot be opened by the factor key here: set the key that it was sealed by, or make all of it anew with "npx sallyport user reset-password ${name}"`,
  )
}
