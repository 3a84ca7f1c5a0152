import type { User } from './user.ts'

/**
 * Whether a version added the user that sealed nothing yet. The upgrade of the store leaves him nothing to log in by,
 * so that nobody gets in as him until his password is reset.
 */
export function isOfBefore({ credentials }: Pick<User, 'credentials'>): boolean {
  return credentials === ''
}
