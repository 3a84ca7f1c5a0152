import type { StoreLocation } from '../config/store-location.ts'
import { SallyportError } from '../errors.ts'
import { isOfBefore } from '../login/is-of-before.ts'
import type { UserAccess } from '../login/known-user.ts'

/** So many are named. */
const MOST_NAMED = 5

/**
 * Refuses to go on beside users who could not log in here, since they were sealed under a factor key that is not among
 * ours: of another node, or of before. Those who are disabled do not matter, and what was tampered with is not the key's
 * fault.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` with what to do; `STORE_UNAVAILABLE`
 */
export async function assertFactorKey({ users, vault }: UserAccess, store: StoreLocation): Promise<void> {
  const all = await users.list()
  const strangers = all.flatMap(({ name, disabled, credentials }) => {
    const id = disabled ? undefined : vault.strangeKey(credentials)
    return id === undefined ? [] : [{ name, id }]
  })
  if (strangers.length === 0) return
  const ids = [...new Set(strangers.map(({ id }) => id))].slice(0, MOST_NAMED).join(', ')
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    `${strangers.length} of ${all.length} users (${namesOf(strangers)}) could not log in: they are sealed under the factor key ${ids}, ` +
      `which is not configured here. ${sharing(store)}A former key goes behind the new one, as in SALLYPORT_FACTOR_KEY="new,old". ` +
      'If it is lost: "npx sallyport user reset-password NAME" for each of them',
  )
}

function sharing(store: StoreLocation): string {
  if (store.kind === 'sqlite') return ''
  return `All nodes on ${store.display} must share SALLYPORT_FACTOR_KEY: set it here to what it is on the others. `
}

/** Who could log in with an older version and has to be reset, as a sentence for the operator; `undefined` for nobody. */
export async function usersOfBefore({ users }: UserAccess): Promise<string | undefined> {
  const all = await users.list()
  const before = all.filter((user) => !user.disabled && isOfBefore(user))
  if (before.length === 0) return undefined
  return (
    `${before.length} of ${all.length} users (${namesOf(before)}) cannot log in, since an older version added them: ` +
    '"npx sallyport user reset-password NAME" for each of them'
  )
}

function namesOf(users: readonly { readonly name: string }[]): string {
  const names = users.slice(0, MOST_NAMED).map(({ name }) => name)
  return `${names.join(', ')}${users.length > names.length ? ', …' : ''}`
}
