import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { HistoryEntry } from '../../src/login/history.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from './store-under-test.ts'

export function historiesContract(open: OpenStore): void {
  describe('histories', () => {
    let store: Store
    let other: Store
    before(async () => {
      store = await open()
      other = await open()
    })
    after(() => Promise.all([store.close(), other.close()]))

    const newName = (): string => `h-${randomBytes(6).toString('hex')}`
    const entry = (at: number): HistoryEntry => ({ at, event: 'login', address: '::1', userAgent: '"ä" 🚪' })

    test('an account has its own, newest first, on every connection, and nobody has none', async () => {
      const name = newName()
      for (const at of [1, 2, 3]) await store.histories.add(name, entry(at))
      await store.histories.add(newName(), entry(9))
      assert.deepEqual(await other.histories.list(name), [entry(3), entry(2), entry(1)])
      assert.deepEqual(await other.histories.list(newName()), [])
    })

    test('it keeps the latest fifty', async () => {
      const name = newName()
      for (let at = 1; at <= 60; at++) await store.histories.add(name, entry(at))
      const kept = await other.histories.list(name)
      assert.deepEqual([kept.length, kept[0]?.at, kept.at(-1)?.at], [50, 60, 11])
    })
  })
}
