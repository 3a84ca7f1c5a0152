import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from '../support/agreement.ts'

test('what is decided is what the documents say, on a hundred thousand random calls of random policies', (t) => {
  const { policies, calls, lists, answers } = compare({ policies: 20_000, calls: 5 })
  t.diagnostic(`${policies} policies, ${calls} calls, ${lists} lists`)
  t.diagnostic([...answers].map(([kind, count]) => `${kind}: ${count}`).join(', '))
  assert.equal(calls, 100_000)
})
