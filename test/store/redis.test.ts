import { after, before } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { storeContract } from './contract.ts'
import { redisBackdoor } from './redis-backdoor.ts'

let server: RedisServer
before(async () => {
  server = await startRedis()
})
after(() => server.stop())

storeContract(
  () => openStore(server.url, { now: Date.now, slotOf }),
  redisBackdoor(() => new Redis(server.url)),
)
