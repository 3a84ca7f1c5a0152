import type { Cluster, Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import type { StoreBackdoor } from './store-under-test.ts'

/** @param connect makes a connection to the Redis under test */
export function redisBackdoor(connect: () => Redis | Cluster, prefix = 'sallyport:'): StoreBackdoor {
  const set = async (key: string, field: string, value: string | number): Promise<void> => {
    const redis = connect()
    await redis.hset(prefix + key, field, value)
    redis.disconnect()
  }
  return {
    disable: async (name) => await set(`{${slotOf(name)}}:user:${name}`, 'disabled', 1),
    setIdleEnd: async ({ slot, digest }, idleExpiresAt) =>
      await set(`{${slot}}:session:${digest}`, 'idleExpiresAt', idleExpiresAt),
    setRevocationEpoch: async (epoch) => await set('{revocations}:state', 'epoch', epoch),
  }
}
