import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueMany } from '../support/issue-many.ts'

test('no two certificates have the same serial or key (10,000 of them in test/soak)', async () => {
  assert.deepEqual(await issueMany(300), { serials: 300, keys: 300, shortest: 20 })
})
