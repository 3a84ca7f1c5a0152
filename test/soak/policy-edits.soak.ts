import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editAtRandom } from '../support/policy-edits.ts'

test('no random edit of a policy file of up to half a megabyte is ever half applied', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  const { good, bad, loaded } = await editAtRandom({ files: 50, edits: 40, bytes: 500_000, seed })
  t.diagnostic(`seed ${seed}: ${good} good and ${bad} bad files were judged, ${loaded} put in force`)
  assert.ok(good > 300 && bad > 150 && loaded > 300)
})
