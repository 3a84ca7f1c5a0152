import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventLine } from '../../src/cli/audit-event-line.ts'

const AT = Date.parse('2026-11-21T10:00:00Z')

test('a policy that was loaded or refused is named by its digest, that of a decision is not', () => {
  assert.equal(
    eventLine(AT, { event: 'policy.loaded', policy: 'sha256:aa', problem: null }),
    '2026-11-21T10:00:00.000Z  policy.loaded  policy=sha256:aa',
  )
  assert.doesNotMatch(
    eventLine(AT, { event: 'tool.decided', decision: 'allow', policy: 'sha256:aa' }),
    /sha256/,
  )
})
