import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffDelay } from '../../../src/mcp/upstreams/backoff.ts'
import { createBreaker } from '../../../src/mcp/upstreams/breaker.ts'

function breaker() {
  const clock = { now: 0 }
  const made = createBreaker({
    failures: 3,
    backoff: { least: 1000, most: 4000 },
    now: () => clock.now,
    random: () => 1,
  })
  return { clock, breaker: made }
}

test('a breaker opens after so many failures in a row, and not before', () => {
  const { breaker: one } = breaker()
  one.failed()
  one.failed()
  one.succeeded()
  one.failed()
  one.failed()
  assert.equal(one.state(), 'closed')
  assert.ok(one.admits())
  one.failed()
  assert.equal(one.state(), 'open')
  assert.equal(one.admits(), false)
})

test('a breaker that is open lets one call through after a while; how that ends decides', () => {
  const { clock, breaker: one } = breaker()
  for (let count = 0; count < 3; count++) one.failed()
  clock.now = 999
  assert.equal(one.admits(), false)
  clock.now = 1000
  assert.equal(one.state(), 'half-open')
  assert.deepEqual([one.admits(), one.admits()], [true, false])
  one.failed()
  assert.equal(one.state(), 'open')
  clock.now = 2999
  assert.equal(one.admits(), false)
  clock.now = 3000
  assert.ok(one.admits())
  one.succeeded()
  assert.equal(one.state(), 'closed')
  assert.deepEqual([one.admits(), one.admits()], [true, true])
})

test('a probe that says nothing is followed by another one', () => {
  const { clock, breaker: one } = breaker()
  for (let count = 0; count < 3; count++) one.failed()
  clock.now = 1000
  assert.ok(one.admits())
  one.unknown()
  assert.ok(one.admits())
})

test('calls that were under way when it opened do not keep it open for longer', () => {
  const { clock, breaker: one } = breaker()
  for (let count = 0; count < 50; count++) one.failed()
  clock.now = 1000
  assert.ok(one.admits())
})

test('pauses double up to the most, and a half of each is left to chance', () => {
  const pauses = (random: number) =>
    [1, 2, 3, 4, 400].map((failures) => backoffDelay({ least: 1000, most: 4000 }, failures, random))
  assert.deepEqual(pauses(1), [1000, 2000, 4000, 4000, 4000])
  assert.deepEqual(pauses(0), [500, 1000, 2000, 2000, 2000])
})
