import type { StoreLocation } from '../config/store-location.ts'
import { SallyportError } from '../errors.ts'
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
  const names = strangers.slice(0, MOST_NAMED).map(({ name }) => name)
  const more = strangers.length > names.length ? ', …' : ''
  const ids = [...new Set(strangers.map(({ id }) => id))].slice(0, MOST_NAMED).join(', ')
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    `${strangers.length} of ${all.length} users (${names.join(', ')}${more}) could not log in: they are sealed under the factor key ${ids}, ` +
      `which is not configured here. ${sharing(store)}A former key goes behind the new one, as in SALLYPORT_FACTOR_KEY="new,old". ` +
      'If it is lost: "npx sallyport user reset-password NAME" for each of them',
  )
}

function sharing(store: StoreLocation): string {
  if (store.kind === 'sqlite') return ''
  return `All nodes on ${store.display} must share SALLYPORT_FACTOR_KEY: set it here to what it is on the others. `
}
