import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyReload } from '../support/policy-reload.ts'

test('60 changes of the policy at 500 requests a second: each is decided by one version, and none fails', async (t) => {
  const { requests, rate, ...found } = await policyReload({ perSecond: 500, changes: 60, between: 165 })
  t.diagnostic(`${requests} requests, ${rate.toFixed()} a second`)
  assert.ok(requests >= 10_000)
  assert.deepEqual(found, {
    failures: [],
    mixed: [],
    loaded: 60,
    deciding: 61,
    rejected: 20,
    lost: 0,
    cut: true,
  })
})
