import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { slotOf } from '../../src/auth/session-token.ts'
import { credentialVault } from '../../src/login/credential-vault.ts'
import type { Credentials } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import { knownUser, type UserAccess } from '../../src/login/known-user.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** Users on a store of their own, with what opens their credentials. */
export interface Accounts {
  readonly store: Store
  readonly access: UserAccess
  /** The same users, with other factor keys; newest first. */
  accessWith(...secrets: readonly string[]): UserAccess
  /** What a user logs in by now; `undefined` for nobody. */
  credentialsOf(name: string): Promise<Credentials | undefined>
}

/** Opens them for one test. */
export async function accounts(t: TestContext, now: () => number): Promise<Accounts> {
  const path = join(await temporaryDirectory(t), 's.db')
  const store = await openStore(`sqlite:${path}`, { now, slotOf })
  t.after(() => store.close())
  const { users } = store
  const accessWith = (...secrets: readonly string[]): UserAccess => ({
    users,
    vault: credentialVault(factorKeys(secrets)),
  })
  const access = accessWith('a factor key for tests only 0123456789')
  return {
    store,
    access,
    accessWith,
    credentialsOf: async (name) => (await knownUser(name, access))?.credentials,
  }
}
