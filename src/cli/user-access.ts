import type { Config } from '../config/config.ts'
import { credentialVault } from '../login/credential-vault.ts'
import { factorKeys } from '../login/factor-keys.ts'
import type { UserAccess } from '../login/known-user.ts'
import type { Store } from '../store/store.ts'

/**
 * The users of a store, and what opens their credentials.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` without a factor key
 */
export function accessTo({ users }: Store, config: Config): UserAccess {
  return { users, vault: credentialVault(factorKeys(config.factorKeys())) }
}
