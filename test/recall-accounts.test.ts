import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { ACCOUNT_STATE_KEPT, type AccountState } from '../src/auth/account-state.ts'
import { slotOf } from '../src/auth/session-token.ts'
import { isSallyportError } from '../src/errors.ts'
import { recallAccounts } from '../src/recall-accounts.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { startRedis } from './support/redis.ts'
import { newUser } from './support/session-records.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const NOW = 1_000_000_000_000
const LATER = NOW + 1
const account = (epoch: number, disabled: boolean, until = NOW + 10): AccountState => ({
  kind: 'account',
  user: 'alice',
  epoch,
  disabled,
  until,
})
const until = NOW + ACCOUNT_STATE_KEPT

/** What an account is, what the list says of it, and what is put on the list. */
const CASES: readonly [string, [epoch: number, disabled: boolean], AccountState[], AccountState[]][] = [
  ['disabled and forgotten', [3, true], [], [account(3, true, until)]],
  ['enabled and forgotten', [3, false], [], []],
  ['disabled and known to be', [3, true], [account(3, true)], []],
  ['disabled, all sessions having ended since', [5, true], [account(3, true)], []],
  ['disabled, and forgotten by now', [3, true], [account(3, true, NOW)], [account(3, true, until)]],
  ['disabled, and known as enabled', [4, true], [account(3, false)], [account(4, true, until)]],
  ['enabled, and known as disabled', [4, false], [account(3, true)], [account(4, false, until)]],
  ['enabled, and known to be', [4, false], [account(3, true), account(4, false)], []],
  ['enabled by a store that has lost a change', [3, false], [account(3, true)], []],
  ['enabled by a store that has lost more', [2, false], [account(4, true), account(3, false)], []],
  ['disabled by a store that has lost a change', [2, true], [account(4, false)], [account(4, true, until)]],
]

async function opened(t: TestContext, engine: 'sqlite' | 'redis'): Promise<Store> {
  const server = engine === 'redis' ? await startRedis() : undefined
  if (server !== undefined) t.after(async () => server.stop())
  const location = server?.url ?? `sqlite:${join(await temporaryDirectory(t), 'store.db')}`
  const store = await openStore(location, { now: () => NOW, slotOf })
  t.after(async () => store.close())
  return store
}

for (const engine of ['sqlite', 'redis'] as const)
  describe(`what the list has forgotten of accounts, on ${engine}`, () => {
    for (const [what, [epoch, disabled], listed, wanted] of CASES)
      test(`${what}: ${wanted.length === 0 ? 'nothing is' : `"${wanted.map((one) => (one.disabled ? 'disabled' : 'enabled')).join()}" is`} put on it`, async (t) => {
        const store = await opened(t, engine)
        await store.users.create(newUser({ name: 'alice', epoch, disabled }))
        await store.users.create(newUser({ name: 'bob' }))
        if (listed.length > 0) await store.revocations.revoke(listed)
        const before = await store.revocations.read(0)
        await recallAccounts(store, NOW)
        const after = await store.revocations.read(before.epoch)
        assert.deepEqual(before.epoch === after.epoch ? [] : after.entries, wanted)
        await recallAccounts(store, LATER)
        assert.equal((await store.revocations.read(0)).epoch, after.epoch)
      })

    test('a store that does not answer: it rejects', async (t) => {
      const store = await opened(t, engine)
      await store.close()
      await assert.rejects(recallAccounts(store, NOW), (error) =>
        isSallyportError(error, 'STORE_UNAVAILABLE'),
      )
    })
  })

test('of ten thousand accounts on Redis, each that is disabled', async (t) => {
  const store = await opened(t, 'redis')
  for (let from = 0; from < 10_000; from += 500)
    await Promise.all(
      Array.from({ length: 500 }, async (_, at) =>
        store.users.create(newUser({ name: `u${from + at}`, epoch: 1, disabled: at % 10 === 0 })),
      ),
    )
  await recallAccounts(store, NOW)
  const { entries } = await store.revocations.read(0)
  assert.equal(entries.length, 1_000)
  assert.ok(entries.every((entry) => entry.kind === 'account' && entry.disabled))
})
