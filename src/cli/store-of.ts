import { slotOf } from '../auth/session-token.ts'
import type { Config } from '../config/config.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { redisOptions } from './redis-options.ts'

/** Opens the store that the configuration names. */
export async function storeOf(config: Config): Promise<Store> {
  const { store } = config
  const common = { now: Date.now, slotOf }
  return store.kind === 'sqlite'
    ? openStore(`sqlite:${store.path}`, common)
    : openStore(store.url(), { ...common, ...redisOptions(config) })
}
