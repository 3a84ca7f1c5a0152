import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { slotOf } from '../../src/auth/session-token.ts'
import { isSallyportError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { newUser } from '../support/session-records.ts'

/** A store on a Redis with a replica that has all that it has. */
async function replicated(t: TestContext): Promise<{ store: Store; replica: RedisServer; copy: Redis }> {
  const primary = await startRedis({ settings: ['repl-diskless-sync-delay 0'] })
  t.after(() => primary.stop())
  const settings = [`replicaof 127.0.0.1 ${primary.port}`, `masterauth ${primary.password}`]
  const replica = await startRedis({ settings })
  t.after(() => replica.stop())
  const [copy, raw] = [new Redis(replica.url), new Redis(primary.url)]
  t.after(() => copy.disconnect())
  // It answers once it has loaded everything; the time of the test bounds it.
  do await raw.set('warm', 1)
  while ((await raw.wait(1, 1_000)) < 1)
  raw.disconnect()
  const store = await openStore(primary.url, { now: Date.now, slotOf })
  t.after(() => store.close())
  return { store, replica, copy }
}

const CHANGES: Readonly<Record<string, (store: Store, name: string) => Promise<unknown>>> = {
  'what a user logs in by': async ({ users }, name) =>
    await users.update(name, { credentials: 'changed', endSessions: true }, 0),
  'that a user is disabled': async ({ users }, name) => await users.setDisabled(name, true),
  'the end of all sessions': async ({ sessions }, name) => await sessions.endAll(name),
}

for (const [what, change] of Object.entries(CHANGES))
  test(`${what} is with a replica when it is done, or that is said, and it is in force all the same`, async (t) => {
    const { store, replica, copy } = await replicated(t)
    const [user, other] = [newUser(), newUser()]
    await store.users.create(user)
    await store.users.create(other)
    await change(store, user.name)
    assert.equal(await copy.hget(`sallyport:{${slotOf(user.name)}}:user:${user.name}`, 'epoch'), '1')
    replica.pause()
    await assert.rejects(
      change(store, other.name),
      (error) =>
        isSallyportError(error, 'STORE_UNAVAILABLE') &&
        /this is in force, but no replica had it within 100 ms: repeat it/.test(error.message),
    )
    assert.equal((await store.users.find(other.name))?.epoch, 1)
    replica.resume()
  })
