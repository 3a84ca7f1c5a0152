import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyReload } from '../support/policy-reload.ts'

test('while the policy is replaced under load, each request is decided by one version, and none fails', async (t) => {
  const { requests, rate, ...found } = await policyReload({ perSecond: 200, changes: 5, between: 35 })
  t.diagnostic(`${requests} requests, ${rate.toFixed()} a second`)
  assert.deepEqual(found, {
    failures: [],
    mixed: [],
    loaded: 5,
    deciding: 6,
    rejected: 1,
    lost: 0,
    cut: true,
  })
})
