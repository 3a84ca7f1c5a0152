import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from '../support/agreement.ts'

test('what is decided is what the documents say, on two thousand random calls of random policies', () => {
  const { calls, answers } = compare({ policies: 200, calls: 10, seed: 20_261_121 })
  assert.equal(calls, 2000)
  for (const kind of ['allow', 'needs', 'deny no_permission', 'deny denied_by_rule'])
    assert.ok((answers.get(kind) ?? 0) > 20, `hardly any "${kind}" among them`)
})
