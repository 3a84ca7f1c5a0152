import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Cluster, Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.ts'
import { CLUSTER_COMMANDS, COMMANDS, refusals, rightsOf } from '../support/redis-user.ts'
import { storeContract } from './contract.ts'
import { redisBackdoor } from './redis-backdoor.ts'

const PASSWORD = 'the-users-own'

describe('on a Redis Cluster, as a user of few rights', () => {
  let cluster: RedisCluster
  let location: string
  before(async () => {
    const rights = rightsOf([...COMMANDS, ...CLUSTER_COMMANDS])
    cluster = await startRedisCluster(0, [`user sallyport on >${PASSWORD} ${rights}`])
    location = cluster.url.replace(/:[^/]*@/, `sallyport:${PASSWORD}@`)
  })
  after(() => cluster.stop())

  storeContract(
    async () => openStore(location, { now: Date.now, slotOf }),
    redisBackdoor(
      () =>
        new Cluster([{ host: '127.0.0.1', port: cluster.nodes[0]?.port ?? 0 }], {
          redisOptions: { password: cluster.password },
        }),
    ),
  )

  test('users are spread over all nodes, and the first commands of a connection find theirs', async () => {
    const store = await openStore(location, { now: Date.now, slotOf })
    const names = Array.from({ length: 64 }, (_, at) => `spread-${at}`)
    const made = names.map(async (name) => {
      const user = { name, credentials: '-', revision: 0, disabled: false, epoch: 0, createdAt: 0 }
      return await store.users.create(user)
    })
    assert.ok((await Promise.all(made)).every((isNew) => isNew))
    const masters = await Promise.all(
      names.slice(0, 16).map(async (name) => cluster.masterOf(`sallyport:{${slotOf(name)}}:user:${name}`)),
    )
    assert.equal(new Set(masters).size, 3)
    await store.ping()
    await store.close()
  })

  test('while a slot moves, what is not there any more is asked for where it goes, and a node that is silent fails only that', async () => {
    const store = await openStore(location, { now: Date.now, slotOf })
    const key = `sallyport:{${slotOf('moved')}}:user:moved`
    const from = await cluster.masterOf(key)
    const to = cluster.nodes.find((node) => node !== from)
    assert.ok(to !== undefined)
    const [source, target] = [new Redis(from.url), new Redis(to.url)]
    const slot = await source.cluster('KEYSLOT', key)
    await target.cluster('SETSLOT', slot, 'IMPORTING', await source.cluster('MYID'))
    await source.cluster('SETSLOT', slot, 'MIGRATING', await target.cluster('MYID'))
    const user = { name: 'moved', credentials: '-', revision: 0, disabled: false, epoch: 0, createdAt: 0 }
    assert.equal(await store.users.create(user), true)
    assert.equal((await store.users.find('moved'))?.name, 'moved')
    to.pause()
    await assert.rejects(store.users.find('moved'), /timed out/)
    // What was sent ahead of it is given up, and nobody was waiting for that.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    to.resume()
    for (const node of [source, target]) await node.cluster('SETSLOT', slot, 'STABLE').catch(() => undefined)
    source.disconnect()
    target.disconnect()
    await store.close()
  })

  test('nothing was refused for lack of a right', async () => {
    for (const node of cluster.nodes) assert.deepEqual(await refusals(node), [])
  })
})
