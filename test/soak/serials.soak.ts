import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueMany } from '../support/issue-many.ts'

test('no two of 10,000 certificates have the same serial or key', async (t) => {
  const { serials, keys, shortest } = await issueMany(10_000)
  t.diagnostic(`${serials} serials, ${keys} keys; the shortest serial has ${shortest} octets`)
  assert.equal(serials, 10_000)
  assert.equal(keys, 10_000)
  assert.equal(shortest, 20)
})
