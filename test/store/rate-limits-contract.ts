import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import type { OpenStore } from './store-under-test.ts'

/** What counters must do on every engine, whoever may use it; what takes a clock or a flood is in rate-limits.test.ts. */
export function rateLimitsContract(open: OpenStore): void {
  describe('counters', () => {
    let store: Store
    let other: Store
    before(async () => {
      ;[store, other] = await Promise.all([open(), open()])
    })
    after(async () => Promise.all([store.close(), other.close()]))

    const LIMIT = { name: 'contract', points: 5, seconds: 600 }
    const newKey = (): string => randomBytes(16).toString('hex')

    test('count, penalize, give back, block and forget, as every connection sees', async () => {
      const [one, two] = [store.rateLimits(LIMIT), other.rateLimits(LIMIT)]
      const key = newKey()
      assert.equal(await two.get(key), undefined)
      assert.equal((await one.consume(key, 3)).points, 3)
      assert.equal((await two.penalty(key)).points, 4)
      assert.equal((await one.reward(key, 2)).points, 2)
      await two.block(key, 60)
      const blocked = await one.get(key)
      assert.ok(blocked?.isOver === true && blocked.endsIn > 50_000 && blocked.endsIn <= 60_000)
      await one.delete(key)
      assert.equal(await two.get(key), undefined)
      await one.delete(key)
    })

    test('of 20 at once exactly five are let through, whatever their key', async () => {
      const [one, two] = [store.rateLimits(LIMIT), other.rateLimits(LIMIT)]
      for (const key of Array.from({ length: 4 }, newKey)) {
        const all = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : two).consume(key))
        assert.equal((await Promise.all(all)).filter(({ isOver }) => !isOver).length, 5)
      }
    })
  })
}
