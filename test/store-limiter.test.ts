import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { LimitUse } from '../src/access/decision.ts'
import { slotOf } from '../src/auth/session-token.ts'
import { openStore } from '../src/store/open.ts'
import { storeLimiter } from '../src/store-limiter.ts'
import { startCounting, type CountingStore } from './support/counting-store.ts'
import { ENGINES } from './support/login-door.ts'

const FIVE: LimitUse = { limit: 'limits[0]', counter: 'five', points: 5, seconds: 60 }
const TWO: LimitUse = { limit: 'limits[1]', counter: 'two', points: 2, seconds: 3600 }

for (const engine of ENGINES)
  describe(`limits of the policy, on ${engine}`, () => {
    let counting: CountingStore
    before(async () => {
      counting = await startCounting(engine)
    })
    after(async () => counting.close())

    test('of 20 calls at once, over two connections, exactly as many are within it as may', async (t) => {
      const { store, location } = counting
      const other = await openStore(location, { now: Date.now, slotOf })
      t.after(() => other.close())
      const limiters = [store, other].map(({ rateLimits }) => storeLimiter(rateLimits, Date.now))
      const all = Array.from({ length: 20 }, async (_, n) => limiters[n % 2]?.count([FIVE], 'service:a'))
      const kinds = (await Promise.all(all)).map((counted) => counted?.kind)
      assert.equal(kinds.filter((kind) => kind === 'within').length, 5)
    })

    test('every principal has its own, and every limit', async () => {
      const { store } = counting
      const limiter = storeLimiter(store.rateLimits, Date.now)
      const kinds = async (use: LimitUse, principal: string) => {
        const all: string[] = []
        for (let n = 0; n < use.points + 1; n++) all.push((await limiter.count([use], principal)).kind)
        return all.join(' ')
      }
      assert.equal(await kinds(TWO, 'service:b'), 'within within over')
      assert.equal(await kinds(TWO, 'service:other'), 'within within over')
      assert.equal(await kinds({ ...TWO, counter: 'another' }, 'service:b'), 'within within over')
    })

    test('over one of several, a call counts against none, and learns of the longest wait', async () => {
      const { store } = counting
      const limiter = storeLimiter(store.rateLimits, Date.now)
      for (let n = 0; n < 2; n++) assert.equal((await limiter.count([FIVE, TWO], 'service:c')).kind, 'within')
      for (let n = 0; n < 4; n++) {
        const counted = await limiter.count([FIVE, TWO], 'service:c')
        assert.ok(counted.kind === 'over' && counted.limit === 'limits[1]')
        assert.ok(counted.retryAfter > 3_500_000 && counted.retryAfter <= 3_600_000)
      }
      for (let n = 0; n < 3; n++) assert.equal((await limiter.count([FIVE], 'service:c')).kind, 'within')
      assert.equal((await limiter.count([FIVE], 'service:c')).kind, 'over')
    })

    test('what is given back may be used again, but nothing of a window that is about to end', async () => {
      const { store } = counting
      let ahead = 0
      const limiter = storeLimiter(store.rateLimits, () => Date.now() + ahead)
      const take = async () => limiter.count([TWO], 'service:d')
      const first = await take()
      assert.ok(first.kind === 'within')
      await first.giveBack()
      const second = await take()
      const third = await take()
      assert.ok(second.kind === 'within' && third.kind === 'within')
      ahead = 3_599_500
      await third.giveBack()
      ahead = 0
      assert.equal((await take()).kind, 'over')
    })

    test('keys are of one length, whoever counts what, and say neither', async () => {
      const { store, counters } = counting
      const others = await counters()
      const limiter = storeLimiter(store.rateLimits, Date.now)
      await limiter.count([{ ...FIVE, counter: 'x'.repeat(5000) }], `service:${'a'.repeat(60)}`)
      await limiter.count([FIVE], 'user:alice')
      const keys = [...(await counters()).keys()].filter((key) => !others.has(key))
      assert.equal(keys.length, 2)
      assert.equal(new Set(keys.map((key) => key.length)).size, 1)
      assert.doesNotMatch(keys.join(), /alice|five|xxx/)
    })
  })
