import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rollingChange } from '../support/rolling-change.ts'

test('the server certificate changes under load: no request fails, no connection and no stream is lost', async (t) => {
  const { requests, failures, lost, takenAfter, slowest } = await rollingChange({
    perSecond: 60,
    seconds: 4,
    changes: 2,
  })
  t.diagnostic(
    `${requests} requests, slowest ${slowest.toFixed()} ms, taken after ${takenAfter.map((ms) => ms.toFixed()).join(', ')} ms`,
  )
  assert.deepEqual(failures, [])
  assert.equal(requests, 240)
  assert.equal(lost, 0)
  assert.equal(takenAfter.length, 2)
})
