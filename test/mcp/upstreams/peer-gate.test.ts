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

test('what is much work to read is read no more until others had four times as long', async () => {
  const resumed = Promise.withResolvers<number>()
  let pauses = 0
  const began = performance.now()
  const gate = floodGate(
    () => pauses++,
    () => resumed.resolve(performance.now() - began),
    20,
  )
  gate.worked(199)
  assert.equal(pauses, 0)
  gate.worked(601)
  assert.equal(pauses, 1)
  const waiting = setTimeout(() => assert.fail('it never goes on'), 5_000)
  // A timer may be early by what had passed of its turn.
  assert.ok((await resumed.promise) >= 60)
  clearTimeout(waiting)
})
