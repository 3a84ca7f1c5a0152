import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { slotOf } from '../src/auth/session-token.ts'
import { SallyportError } from '../src/errors.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { timedStore } from '../src/timed-store.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

type Told = readonly [group: string, outcome: 'ok' | 'failed', duration: number]

async function storeOf(t: TestContext): Promise<Store> {
  const path = join(await temporaryDirectory(t), 'store.db')
  const store = await openStore(`sqlite:${path}`, { now: Date.now, slotOf })
  t.after(async () => store.close())
  return store
}

test('a store answers as before, and how long it took is told by what was asked', async (t) => {
  const told: Told[] = []
  const store = await storeOf(t)
  const timed = timedStore(store, (...said) => told.push(said))
  assert.equal(await timed.users.find('nobody'), await store.users.find('nobody'))
  await timed.ping()
  assert.deepEqual(
    told.map(([group, outcome]) => [group, outcome]),
    [
      ['users', 'ok'],
      ['ping', 'ok'],
    ],
  )
  for (const [, , duration] of told) assert.ok(duration >= 0 && duration < 10_000)
  timed.revocations.subscribe(() => undefined)()
  assert.equal(told.length, 2, 'what is no answer is not timed')
})

test('a store that fails fails as before, and that is told', async (t) => {
  const store = await storeOf(t)
  const gone = new SallyportError('STORE_UNAVAILABLE', 'gone')
  const { promise: hears, resolve } = Promise.withResolvers<Told>()
  const failing = { ...store, users: { ...store.users, find: async () => Promise.reject(gone) } }
  const timed = timedStore(failing, (...said) => resolve(said))
  await assert.rejects(timed.users.find('anybody'), gone)
  assert.deepEqual((await hears).slice(0, 2), ['users', 'failed'])
})
