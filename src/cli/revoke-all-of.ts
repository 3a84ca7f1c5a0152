import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import { OPERATOR } from './change-user.ts'
import { putOnRecord } from './put-on-record.ts'

/**
 * Ends all sessions of users, each on every server before the next is begun; then puts that on record.
 *
 * @param onEnded called when it is done; what is not on record then has ended all the same
 * @throws SallyportError `STORE_UNAVAILABLE`: then not all have ended; `REFUSED` if they have and it is not on record
 */
export async function revokeAllOf(
  users: readonly string[],
  store: Store,
  config: Config,
  onEnded: () => void,
): Promise<void> {
  const until = Date.now() + config.sessions.absoluteTimeout
  for (const user of users) {
    const epoch = await store.sessions.endAll(user)
    if (epoch !== undefined) await store.revocations.revoke([{ kind: 'user', user, epoch, until }])
  }
  onEnded()
  const events = users.map(
    (user) => ({ event: 'user.sessions_ended', principal: `user:${user}`, by: OPERATOR }) as const,
  )
  await putOnRecord(users, 'sessions_ended', events, store, config)
}
