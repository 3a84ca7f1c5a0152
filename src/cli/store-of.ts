import { slotOf } from '../auth/session-token.ts'
import type { Config } from '../config/config.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'

/** Opens the store that the configuration names. */
export async function storeOf({ store }: Config): Promise<Store> {
  const location = store.kind === 'sqlite' ? `sqlite:${store.path}` : store.url()
  return openStore(location, { now: Date.now, slotOf })
}
