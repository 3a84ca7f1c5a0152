import { after, before, describe } from 'node:test'
import { Cluster } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.ts'
import { storeContract } from './contract.ts'
import { redisBackdoor } from './redis-backdoor.ts'

describe('on a Redis Cluster', () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster()
  })
  after(() => cluster.stop())

  storeContract(
    () => openStore(cluster.url, { now: Date.now, slotOf }),
    redisBackdoor(
      () =>
        new Cluster([{ host: '127.0.0.1', port: cluster.nodes[0]?.port ?? 0 }], {
          redisOptions: { password: cluster.password },
        }),
    ),
  )
})
