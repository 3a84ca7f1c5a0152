import type { UserHandles } from '../login/user-handles.ts'
import type { RedisClient } from './redis-client.ts'

/** Whose handle it is: one key each. */
export function redisUserHandles(client: RedisClient): UserHandles {
  return {
    claim: (handle, user) =>
      client.answer(async (redis) => void (await redis.set(client.keys.userHandle(handle), user))),
    userOf: (handle) =>
      client.answer(async (redis) => (await redis.get(client.keys.userHandle(handle))) ?? undefined),
  }
}
