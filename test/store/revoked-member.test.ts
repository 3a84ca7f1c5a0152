import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memberOf, revokedOf } from '../../src/store/revoked-member.ts'

const DIGEST = 'ab'.repeat(32)

test('what every version has written is read, and written the same', () => {
  const members: readonly [string, object][] = [
    [`${DIGEST}:0A:7`, { kind: 'certificate', issuer: DIGEST, serial: '0A', until: 7 }],
    [`session:${DIGEST}:7`, { kind: 'session', digest: DIGEST, until: 7 }],
    ['user:alice:3:7', { kind: 'user', user: 'alice', epoch: 3, until: 7 }],
    ['account:alice:3:disabled:7', { kind: 'account', user: 'alice', epoch: 3, disabled: true, until: 7 }],
    [
      'account:corp.example/Al@x:3:enabled:7',
      { kind: 'account', user: 'corp.example/Al@x', epoch: 3, disabled: false, until: 7 },
    ],
  ]
  for (const [member, entry] of members) {
    assert.deepEqual(revokedOf(member), entry)
    assert.equal(memberOf(revokedOf(member)), member)
  }
})

test('nothing else is', () => {
  for (const member of [
    '',
    'account:alice:3:7',
    'account:alice:3::7',
    'account:alice:3:Disabled:7',
    'account:alice:3:disabled:7\n',
    'account:alice:x:disabled:7',
    'account:al ice:3:disabled:7',
    'account::3:disabled:7',
    'user:alice:3:disabled:7',
    ' account:alice:3:disabled:7',
  ])
    assert.throws(() => revokedOf(member), TypeError, member)
})
