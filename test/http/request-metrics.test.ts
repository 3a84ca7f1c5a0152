import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../../src/http/metrics.ts'
import type { GuardedCallSeen } from '../../src/mcp/endpoint.ts'
import { samplesIn, valueOf } from '../support/metrics.ts'

const call: GuardedCallSeen = {
  kind: 'tool',
  action: 'tools/call',
  decision: 'allow',
  reason: null,
  shadow: ['one-rule', 'another'],
  outcome: 'error',
  startedAt: 100,
  decidedAt: 101,
  recordedAt: 103,
  finishedAt: 108,
}

test('times in ms come out in seconds, each step by itself, and rules in shadow by name', async () => {
  const metrics = createMetrics()
  const requests = metrics.requests('proxied')
  requests.authenticated('context', 4)
  requests.called(call)
  requests.called({ ...call, decision: 'deny', reason: 'denied_by_rule', outcome: null, finishedAt: null })
  const samples = samplesIn(await metrics.text())
  const rows: readonly (readonly [name: string, labels: Record<string, string>, value: number])[] = [
    ['authentication_duration_seconds_sum', { door: 'proxied', outcome: 'identified' }, 0.004],
    ['guard_duration_seconds_sum', { step: 'decide' }, 0.002],
    ['guard_duration_seconds_sum', { step: 'record' }, 0.004],
    ['run_duration_seconds_sum', { method: 'tools/call', outcome: 'error' }, 0.005],
    ['run_duration_seconds_count', {}, 1],
    ['run_duration_seconds_bucket', { le: '0.005' }, 1],
    ['run_duration_seconds_bucket', { le: '0.0025' }, 0],
    ['requests_total', { decision: 'allow', reason: 'none', door: 'proxied' }, 1],
    ['requests_total', { decision: 'deny', reason: 'denied_by_rule' }, 1],
    ['shadow_matches_total', { rule: 'one-rule' }, 2],
    ['shadow_matches_total', { rule: 'another' }, 2],
  ]
  for (const [name, labels, value] of rows)
    assert.equal(valueOf(samples, `sallyport_${name}`, labels), value, `${name} ${JSON.stringify(labels)}`)
})
