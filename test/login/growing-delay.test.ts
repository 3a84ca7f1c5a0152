import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { growingDelay, type GrowingDelay } from '../../src/login/growing-delay.ts'
import { THROTTLE_SETTINGS, throttleLimits } from '../../src/login/throttle-limits.ts'
import type { Tally } from '../../src/login/tally.ts'
import { startCounting, type CountingStore } from '../support/counting-store.ts'
import { ENGINES, type Engine } from '../support/login-door.ts'

const LIMITS = throttleLimits(THROTTLE_SETTINGS)
const DAY = 86_400_000

async function tallyOf(
  t: TestContext,
  engine: Engine,
  delay: GrowingDelay = LIMITS.accountFromNetwork,
): Promise<{ readonly tally: Tally; readonly counting: CountingStore }> {
  const counting = await startCounting(engine)
  t.after(() => counting.close())
  return { tally: growingDelay(counting.store.rateLimits, delay), counting }
}

/** How many of so many tries go on. */
async function admitted(tally: Tally, tries: number): Promise<number> {
  const waits = await Promise.all(Array.from({ length: tries }, () => tally.take('key')))
  return waits.filter((ms) => ms === 0).length
}

for (const engine of ENGINES)
  describe(`a growing delay, on ${engine}`, () => {
    test('ASVS 6.3.1: five tries, then half a minute, twice as long each time, a quarter of an hour at most', async (t) => {
      const { tally, counting } = await tallyOf(t, engine)
      assert.equal(await admitted(tally, 5), 5)
      const delays: number[] = []
      for (let nth = 1; nth <= 8; nth++) {
        const wait = await tally.look('key')
        delays.push(Math.ceil(wait / 1000))
        assert.ok((await tally.take('key')) > 0)
        await counting.elapse(Math.ceil(wait) + 1)
        assert.equal(await tally.look('key'), 0)
        assert.equal(await tally.take('key'), 0)
      }
      assert.deepEqual(delays, [30, 60, 120, 240, 480, 900, 900, 900])
    })

    test('ASVS 6.3.1: of 20 at once five go on, and after the delay one', async (t) => {
      const { tally, counting } = await tallyOf(t, engine)
      assert.equal(await admitted(tally, 20), 5)
      await counting.elapse(30_001)
      assert.equal(await admitted(tally, 20), 1)
      await counting.elapse(60_001)
      assert.equal(await admitted(tally, 20), 1)
    })

    test('ASVS 6.1.1: whoever hammers makes the delay no longer', async (t) => {
      const { tally, counting } = await tallyOf(t, engine)
      assert.equal(await admitted(tally, 5), 5)
      for (let n = 0; n < 50; n++) await tally.take('key')
      assert.ok((await tally.look('key')) <= 30_000)
      await counting.elapse(30_001)
      assert.equal(await tally.take('key'), 0)
    })

    test('who is forgotten begins anew, and after a day everybody is', async (t) => {
      const { tally, counting } = await tallyOf(t, engine)
      await admitted(tally, 20)
      await tally.forget('key')
      assert.equal(await admitted(tally, 20), 5)
      await counting.elapse(DAY + 1)
      assert.equal(await admitted(tally, 20), 5)
      assert.ok((await tally.look('key')) <= 30_000)
    })

    test('what is given back can be tried again', async (t) => {
      const { tally } = await tallyOf(t, engine)
      for (let n = 0; n < 20; n++) {
        assert.equal(await tally.take('key'), 0)
        await tally.giveBack('key')
      }
      assert.equal(await admitted(tally, 20), 5)
    })
  })

/** How often somebody who never tires comes to try within a time, from the moment at which he begins anew. */
async function triesWithin(t: TestContext, delay: GrowingDelay, time: number): Promise<number> {
  const { tally, counting } = await tallyOf(t, 'sqlite', delay)
  let tries = 0
  for (let elapsed = 0; elapsed <= time;) {
    const wait = await tally.take('key')
    if (wait === 0) tries += 1
    else {
      await counting.elapse(Math.ceil(wait) + 1)
      elapsed += Math.ceil(wait) + 1
    }
  }
  return tries
}

test('ASVS 6.6.3: all the codes that can be tried for an account in a day find one of a million under once in 1,000', async (t) => {
  const tries = await triesWithin(t, LIMITS.codes, DAY)
  // One step of tolerance each way: three codes are good at a time. Around the end of the day, one begins anew.
  const most = tries + LIMITS.codes.free
  t.diagnostic(`${tries} codes a day, ${most} at the most: odds of 1 in ${Math.round(1e6 / (3 * most))}`)
  assert.ok((3 * most) / 1e6 < 1 / 1000)
  // With the cookie of a known device stolen besides.
  assert.ok((2 * 3 * most) / 1e6 < 1 / 1000)
})

test('ASVS 6.3.1: one network comes to little over a hundred passwords a day for an account, all of them to some 500', async (t) => {
  const one = await triesWithin(t, LIMITS.accountFromNetwork, DAY)
  const all = await triesWithin(t, LIMITS.account, DAY)
  t.diagnostic(`${one} from one network, ${all} from all`)
  assert.ok(one <= 120, String(one))
  assert.ok(all <= 520, String(all))
  // So that one network alone never makes all others wait.
  assert.ok(one / all < 1 / 4)
})
