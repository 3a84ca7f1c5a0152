import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamsInTrouble } from '../support/upstreams-in-trouble.ts'

test('upstreams that are killed or hang in the middle of calls: each call has its own end, and nothing is left', async () => {
  const result = await upstreamsInTrouble({ upstreams: 6, calls: 60, slow: 600, timeout: 2000 })
  const { answered, failed, cancelled, wrong, descriptors, children } = result
  assert.deepEqual(wrong, [])
  assert.deepEqual(result.left, [])
  assert.equal(answered + failed + cancelled, 60)
  assert.ok(cancelled > 0 && failed > 0 && answered > 20, JSON.stringify(result))
  assert.equal(result.stillRunning, 0)
  assert.ok(result.toldOfCancelling > 0)
  assert.ok(descriptors[1] <= descriptors[0] && children[1] <= children[0], JSON.stringify(result))
})
