import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rollingChange } from '../support/rolling-change.ts'

test('three changes of the server certificate in 20 s at 200 requests a second: no request fails', async (t) => {
  const { requests, failures, lost, takenAfter, slowest } = await rollingChange({
    perSecond: 200,
    seconds: 20,
    changes: 3,
  })
  t.diagnostic(
    `${requests} requests, slowest ${slowest.toFixed()} ms, taken after ${takenAfter.map((ms) => ms.toFixed()).join(', ')} ms`,
  )
  assert.deepEqual(failures, [])
  assert.equal(requests, 4000)
  assert.equal(lost, 0)
  assert.equal(takenAfter.length, 3)
})
