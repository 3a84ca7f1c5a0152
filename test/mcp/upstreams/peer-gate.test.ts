import assert from 'node:assert/strict'
import { test } from 'node:test'
import { floodGate } from '../../../src/mcp/upstreams/peer-gate.ts'

test('who says too much waits until the second is over', async () => {
  const resumed = Promise.withResolvers<void>()
  let pauses = 0
  const gate = floodGate(
    () => pauses++,
    () => resumed.resolve(),
    100,
  )
  gate.took(19_000, 16_384 * 999)
  assert.equal(pauses, 0)
  gate.took(1, 0)
  gate.took(20_000, 0)
  assert.equal(pauses, 1)
  const waiting = setTimeout(() => assert.fail('it never goes on'), 5_000)
  await resumed.promise
  clearTimeout(waiting)
  gate.took(1, 0)
  assert.equal(pauses, 1)
})
