import type { Credentials } from './credentials.ts'
import type { CredentialVault } from './credential-vault.ts'
import type { User, Users } from './user.ts'
import { userChangedMeanwhile } from './user-faults.ts'

/** A user, with what he logs in by. */
export interface KnownUser {
  readonly user: User
  readonly credentials: Credentials
}

/** Where users are, and what opens their credentials. */
export interface UserAccess {
  readonly users: Users
  readonly vault: CredentialVault
}

/** What is to be done with the credentials of a user, and what to tell of it. */
export type CredentialChange<T> =
  | {
      readonly kind: 'write'
      readonly credentials: Credentials
      readonly endSessions: boolean
      readonly told: T
    }
  | { readonly kind: 'leave'; readonly told: T }

/** Every attempt that fails means that somebody else changed the same user in that moment. */
const ATTEMPTS = 8

/**
 * Finds a user and opens his credentials.
 *
 * Takes as long for nobody as for somebody. Fails closed: `undefined`, as for nobody, for credentials that cannot be
 * opened. Rejects with `STORE_UNAVAILABLE`.
 */
export async function knownUser(name: string, { users, vault }: UserAccess): Promise<KnownUser | undefined> {
  const user = await users.find(name)
  if (user === undefined) {
    vault.openDecoy()
    return undefined
  }
  const credentials = vault.open(name, user.credentials)
  return credentials && { user, credentials }
}

/**
 * Decides on the credentials of a user as they are, and writes them only if nobody else did meanwhile; else it decides
 * anew. What is good once is good once, however many try at the same moment on however many nodes.
 *
 * @returns what `change` told; `undefined` if there is no such user or his credentials cannot be opened
 * @throws SallyportError `STORE_UNAVAILABLE`, or `TOO_BUSY` if others keep changing this user; nothing was changed then
 */
export async function changeCredentials<T>(
  name: string,
  change: (known: KnownUser) => CredentialChange<T>,
  access: UserAccess,
): Promise<T | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const known = await knownUser(name, access)
    if (known === undefined) return undefined
    const changed = change(known)
    if (changed.kind === 'leave') return changed.told
    const credentials = access.vault.seal(name, changed.credentials)
    const { endSessions, told } = changed
    if (await access.users.update(name, { credentials, endSessions }, known.user.revision)) return told
  }
  throw userChangedMeanwhile(name)
}
