import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { connectRedis } from '../../src/store/redis-client.ts'
import { startSentinels, type RedisSentinels } from '../support/redis-sentinels.ts'
import { COMMANDS, refusals, rightsOf } from '../support/redis-user.ts'
import { storeContract } from './contract.ts'
import { redisBackdoor } from './redis-backdoor.ts'

const SENTINEL_PASSWORD = 'the-sentinels-own'
const PASSWORD = 'the-users-own'

describe('on a Redis that sentinels watch, which have a password of their own', () => {
  let servers: RedisSentinels
  let location: string
  const sentinel = { password: SENTINEL_PASSWORD }
  before(async () => {
    const settings = [`user sallyport on >${PASSWORD} ${rightsOf(COMMANDS)}`]
    servers = await startSentinels({ sentinelPassword: SENTINEL_PASSWORD, settings })
    location = servers.url.replace(/:[^/]*@/, `sallyport:${PASSWORD}@`)
  })
  after(() => servers.stop())

  storeContract(
    async () => openStore(location, { now: Date.now, slotOf, sentinel }),
    redisBackdoor(() => new Redis(servers.master.url)),
  )

  test('nothing was refused for lack of a right', async () => {
    assert.deepEqual(await refusals(servers.master), [])
  })

  test('a password that is wrong is told, and not said', async () => {
    const attempts = [
      () => connectRedis(location, { sentinel: { password: 'hunter2' } }),
      () => connectRedis(location.replace(PASSWORD, 'hunter2'), { sentinel }),
    ]
    for (const attempt of attempts)
      await assert.rejects(
        attempt,
        (error) =>
          isSallyportError(error, 'STORE_UNAVAILABLE') &&
          /Redis "watched" of the sentinels at 127\.0\.0\.1.*(?:WRONGPASS|invalid)/.test(error.message) &&
          !error.message.includes('hunter2'),
      )
  })

  test('a master that they do not know is told', async () => {
    await assert.rejects(
      connectRedis(location.replace('/watched', '/other'), { sentinel }),
      /cannot use Redis "other"/,
    )
  })
})
