import { RedisStore } from 'connect-redis'
import { BROWSER_STATE_TTL, BrowserSessions } from './browser-sessions.ts'
import { connectRedis, type RedisClient } from './redis-client.ts'
import { redisConfirmations } from './redis-confirmations.ts'
import { redisDevices } from './redis-devices.ts'
import { redisHistories } from './redis-histories.ts'
import { redisNotes } from './redis-notes.ts'
import { redisRateLimits } from './redis-rate-limits.ts'
import { redisRevocations } from './redis-revocations.ts'
import { redisSecrets } from './redis-secrets.ts'
import { redisSessions } from './redis-sessions.ts'
import { redisUserHandles } from './redis-user-handles.ts'
import { redisUsers } from './redis-users.ts'
import type { Store, StoreOptions } from './store.ts'

/**
 * The store for more than one machine.
 *
 * @throws SallyportError as {@link connectRedis}
 */
export async function openRedisStore(location: string, options: StoreOptions): Promise<Store> {
  const { now, slotOf } = options
  const client = await connectRedis(location, options)
  const browserSessions = new RedisStore({
    client: commandsOf(client),
    prefix: client.keys.browserPrefix,
    ttl: () => BROWSER_STATE_TTL / 1000,
  })
  return {
    users: redisUsers(client, slotOf),
    sessions: redisSessions(client, slotOf),
    handles: redisUserHandles(client),
    devices: redisDevices(client),
    confirmations: redisConfirmations(client),
    histories: redisHistories(client, slotOf),
    rateLimits: redisRateLimits(client),
    notes: redisNotes(client),
    secrets: redisSecrets(client, slotOf),
    revocations: redisRevocations(client, now),
    browserSessions: new BrowserSessions(browserSessions),
    ping: client.ping,
    close: client.close,
  }
}

/** What connect-redis uses of a connection, as fast to fail as everything else. */
function commandsOf({ answer }: RedisClient): object {
  return {
    get: (key: string) => answer((redis) => redis.get(key)),
    set: (key: string, text: string, unit: 'EX', seconds: number) =>
      answer((redis) => redis.set(key, text, unit, seconds)),
    expire: (key: string, seconds: number) => answer((redis) => redis.expire(key, seconds)),
    del: (keys: string[]) => answer((redis) => redis.del(keys)),
  }
}
