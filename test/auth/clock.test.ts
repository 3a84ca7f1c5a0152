import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { monotonicClock } from '../../src/auth/clock.ts'

test('the clock shows the latest time that its source has ever shown', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (times) => {
      const source = times.values()
      const clock = monotonicClock(() => source.next().value ?? 0)
      assert.deepEqual(
        times.map(() => clock()),
        times.map((_, at) => Math.max(...times.slice(0, at + 1))),
      )
    }),
  )
})

test('two clocks of one source do not know of each other', () => {
  let time = 2_000
  const [early, late] = [monotonicClock(() => time), monotonicClock(() => time)]
  assert.equal(early(), 2_000)
  time = 1_000
  assert.equal(early(), 2_000)
  assert.equal(late(), 1_000)
})
