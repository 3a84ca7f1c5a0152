import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchCall, type GuardedCallSeen } from '../../src/mcp/guard-observer.ts'

const asked = { kind: 'tool', action: 'tools/call' } as const
const allowed = { decision: 'allow', reason: null, shadow: ['a-rule'] } as const

test('an observer is told once, when the call is over, how long each step took', () => {
  const seen: GuardedCallSeen[] = []
  const watch = watchCall((call) => seen.push(call), asked)
  watch.decided()
  watch.recorded()
  assert.equal(seen.length, 0)
  watch.over(allowed, 'ok')
  assert.equal(seen.length, 1)
  const { startedAt, decidedAt, recordedAt, finishedAt, ...said } = seen[0] ?? assert.fail()
  assert.deepEqual(said, { ...asked, ...allowed, outcome: 'ok' })
  assert.ok(startedAt <= decidedAt && decidedAt <= recordedAt && recordedAt <= (finishedAt ?? 0))
})

test('what did not run has no end, and without an observer nothing is kept', () => {
  const seen: GuardedCallSeen[] = []
  watchCall((call) => seen.push(call), asked).over(
    { decision: 'deny', reason: 'no_permission', shadow: [] },
    null,
  )
  assert.deepEqual([seen[0]?.finishedAt, seen[0]?.outcome], [null, null])
  assert.equal(watchCall(undefined, asked), watchCall(undefined, asked))
})
