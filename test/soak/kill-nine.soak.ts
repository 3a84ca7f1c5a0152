import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testAuthority } from '../support/certificates.ts'
import { killInTheMiddle } from '../support/kill-nine.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('killed 200 times in the middle of issuing and revoking, everything is whole', async (t) => {
  const ca = await testAuthority(await temporaryDirectory(t))
  const killed = await killInTheMiddle(ca, 200, 20_261_121)
  t.diagnostic(`${killed.issued} issued, ${killed.revoked} revoked, ${killed.torn} lines cut short`)
  assert.ok(killed.issued > 200 && killed.revoked > 20, JSON.stringify(killed))
})
