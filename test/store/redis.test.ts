import { after, before } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { storeContract } from './contract.ts'

let server: RedisServer
before(async () => {
  server = await startRedis()
})
after(() => server.stop())

const set = async (key: string, field: string, value: string | number): Promise<void> => {
  const redis = new Redis(server.url)
  await redis.hset(key, field, value)
  redis.disconnect()
}

storeContract(() => openStore(server.url, { now: Date.now, slotOf }), {
  disable: (name) => set(`sallyport:{${slotOf(name)}}:user:${name}`, 'disabled', 1),
  setIdleEnd: ({ slot, digest }, idleExpiresAt) =>
    set(`sallyport:{${slot}}:session:${digest}`, 'idleExpiresAt', idleExpiresAt),
  setRevocationEpoch: (epoch) => set('sallyport:{revocations}:state', 'epoch', epoch),
})
