import { SallyportError } from '../errors.ts'
import type { Store, StoreOptions } from './store.ts'

/**
 * Opens the store at `sqlite:PATH`, `redis://…`, `redis+sentinel://…` or `redis+cluster://…` (with `rediss` for TLS).
 * Only the engine that is used is loaded.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` for a location of another form, `STORE_UNAVAILABLE` if the store
 *   cannot be reached or is not ours to use; the message never contains the password of the location
 */
export async function openStore(location: string, options: StoreOptions): Promise<Store> {
  if (location.startsWith('sqlite:')) {
    const { openSqliteStore } = await import('./sqlite.ts')
    return openSqliteStore(location.slice('sqlite:'.length), options)
  }
  if (/^rediss?(?:\+(?:sentinel|cluster))?:\/\//.test(location)) {
    const { openRedisStore } = await import('./redis.ts')
    return openRedisStore(location, options)
  }
  throw new SallyportError(
    'CONFIGURATION_INVALID',
    'the store must be sqlite:PATH, redis://HOST:PORT, redis+sentinel://HOST:PORT,…/MASTER or ' +
      'redis+cluster://HOST:PORT,… (rediss for TLS)',
  )
}
