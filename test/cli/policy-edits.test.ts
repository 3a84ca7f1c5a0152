import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editAtRandom } from '../support/policy-edits.ts'

test('no random edit of a policy file is ever half applied', async (t) => {
  const { good, bad, loaded } = await editAtRandom({ files: 4, edits: 8, bytes: 20_000, seed: 20_261_121 })
  t.diagnostic(`${good} good and ${bad} bad files were judged, ${loaded} put in force`)
  assert.ok(good >= 8 && bad >= 4 && loaded >= 4)
})
