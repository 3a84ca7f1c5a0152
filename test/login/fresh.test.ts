import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionRecord } from '../../src/auth/session-record.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { mayChangeFactors } from '../../src/login/fresh.ts'
import { TOTP_SECRET } from '../support/totp.ts'

const NOW = 1_700_000_000_000
const MINUTES = 60_000
const WITHOUT = passwordOnly('', null)
const WITH = { ...WITHOUT, totp: { secret: TOTP_SECRET, lastStep: 0, addedAt: 0 } }

test('ASVS 7.5.1: factors are changed by a session in which everything was proved within five minutes', () => {
  const ages = [
    // authenticated, second factor; null for never
    [0, null, WITHOUT, true],
    [5, null, WITHOUT, true],
    [5.001, null, WITHOUT, false],
    [0, 0, WITH, true],
    [0, 5, WITH, true],
    [0, 5.001, WITH, false],
    [5.001, 0, WITH, false],
    [0, null, WITH, false],
    // The clock went back.
    [-5, -5, WITH, true],
    [-5.001, -5.001, WITH, false],
  ] as const
  for (const [authenticated, factor, credentials, expected] of ages) {
    const record = {
      pending: null,
      label: 'browser',
      authenticatedAt: NOW - authenticated * MINUTES,
      mfaAt: factor === null ? null : NOW - factor * MINUTES,
    }
    assert.equal(mayChangeFactors(record, credentials, NOW), expected, `${authenticated}, ${factor}`)
  }
})

test('of logins that are not complete only one that is there to enrol changes factors', () => {
  const may = (pending: SessionRecord['pending']): boolean =>
    mayChangeFactors({ pending, authenticatedAt: NOW, mfaAt: null, label: 'browser' }, WITHOUT, NOW)
  assert.deepEqual([may('enrol'), may('second_factor'), may('change_password')], [true, false, false])
  const enrolling = { pending: 'enrol', authenticatedAt: NOW, mfaAt: null, label: 'browser' } as const
  assert.equal(mayChangeFactors(enrolling, WITH, NOW), false, 'there is a factor already')
})
