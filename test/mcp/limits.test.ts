import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestMeter, type RequestMeter } from '../../src/mcp/limits.ts'

const LIMITS = { requestsInFlight: 2, requestsPerMinute: 4, legacySessions: 1 }
const OVER = Promise.resolve()
const NEVER = new Promise(() => undefined)

function starts(meter: RequestMeter, principal: string, now: number, over: Promise<unknown> = OVER): boolean {
  return meter.start(principal, now, over).kind === 'started'
}

test('what is in flight is bounded until it is over, answered or failed', async () => {
  const meter = requestMeter(LIMITS)
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  assert.ok(starts(meter, 'a', 0, first.promise))
  assert.ok(starts(meter, 'a', 0, second.promise))
  assert.equal(starts(meter, 'a', 0), false)
  first.resolve()
  await first.promise
  assert.ok(starts(meter, 'a', 0, NEVER))
  assert.equal(starts(meter, 'a', 0), false)
  second.reject(new Error('gone'))
  await assert.rejects(second.promise)
  assert.ok(starts(meter, 'a', 0))
})

test('a request counts until the last thing it was kept for is over', async () => {
  const meter = requestMeter({ ...LIMITS, requestsInFlight: 1, requestsPerMinute: 100 })
  const [answered, worked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const started = meter.start('a', 0, answered.promise)
  assert.equal(started.kind, 'started')
  started.keepUntil(worked.promise)
  answered.resolve()
  await answered.promise
  assert.equal(starts(meter, 'a', 0), false)
  worked.resolve()
  await worked.promise
  assert.ok(starts(meter, 'a', 0))
})

test('work that begins after the answer was given up counts, too', async () => {
  const meter = requestMeter({ ...LIMITS, requestsInFlight: 1, requestsPerMinute: 100 })
  const started = meter.start('a', 0, OVER)
  assert.equal(started.kind, 'started')
  await OVER
  started.keepUntil(NEVER)
  assert.equal(starts(meter, 'a', 0), false)
})

test('a rate is a bucket: full at first, empty when used up, filled with time and never fuller', async () => {
  const meter = requestMeter(LIMITS)
  const many = async (now: number): Promise<number> => {
    let started = 0
    while (starts(meter, 'a', now)) {
      started += 1
      await OVER
    }
    return started
  }
  assert.equal(await many(0), 4)
  assert.equal(await many(14_999), 0)
  assert.equal(await many(15_000), 1)
  assert.equal(await many(3_600_000), 4)
})

test('what is over a limit costs nothing', () => {
  const meter = requestMeter({ ...LIMITS, requestsPerMinute: 3 })
  for (let request = 0; request < 2; request++) assert.ok(starts(meter, 'a', 0, NEVER))
  for (let request = 0; request < 100; request++) assert.equal(starts(meter, 'a', 0), false)
  assert.equal(starts(meter, 'b', 0), true)
})

test('nobody uses up what is another’s', () => {
  const meter = requestMeter(LIMITS)
  for (let request = 0; request < 10; request++) starts(meter, 'a', 0, NEVER)
  assert.ok(starts(meter, 'b', 0))
})

test('a clock that stands still or goes back fills no bucket', async () => {
  const meter = requestMeter({ ...LIMITS, requestsInFlight: 100 })
  for (let request = 0; request < 4; request++) assert.ok(starts(meter, 'a', 60_000))
  assert.equal(starts(meter, 'a', 60_000), false)
  assert.equal(starts(meter, 'a', 0), false)
})

test('however requests come, no minute sees more than two buckets of them', () => {
  const gaps = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(gaps, (pauses) => {
      const meter = requestMeter({ ...LIMITS, requestsInFlight: 1_000 })
      let now = 0
      const times = pauses.flatMap((pause) => {
        now += pause
        return starts(meter, 'a', now) ? [now] : []
      })
      for (const time of times)
        assert.ok(times.filter((other) => other >= time && other < time + 60_000).length <= 8)
    }),
  )
})

test('ten thousand principals that are done are forgotten, and those that are not stay limited', async () => {
  const meter = requestMeter({ ...LIMITS, requestsInFlight: 1 })
  assert.ok(starts(meter, 'busy', 0, NEVER))
  for (let principal = 0; principal < 10_001; principal++) assert.ok(starts(meter, `p${principal}`, 0))
  await OVER
  assert.ok(starts(meter, 'p1', 120_000))
  assert.equal(starts(meter, 'busy', 120_000), false)
})
