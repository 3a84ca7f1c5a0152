import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamsInTrouble } from '../support/upstreams-in-trouble.ts'

test('1,000 slow calls over 20 upstreams, a tenth given up, two upstreams killed and one hung: each call has its own end', async (t) => {
  const result = await upstreamsInTrouble({ upstreams: 20, calls: 1000, slow: 4000, timeout: 15_000 })
  t.diagnostic(JSON.stringify(result))
  const { answered, failed, cancelled, wrong, descriptors, children, heap } = result
  assert.deepEqual(wrong, [])
  assert.deepEqual(result.left, [])
  assert.equal(answered + failed + cancelled, 1000)
  assert.ok(cancelled >= 90 && failed >= 50 && answered >= 700, JSON.stringify(result))
  assert.ok(result.toldOfCancelling >= 70)
  assert.equal(result.stillRunning, 0)
  assert.ok(descriptors[1] <= descriptors[0] && children[1] <= children[0])
  assert.ok(heap[1] <= heap[0] * 1.25)
})
