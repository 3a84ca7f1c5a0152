import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { digestOf, newSessionToken, slotOf, slotOfToken } from '../../src/auth/session-token.ts'

test('a token carries the slot of its user, and nothing else of him', () => {
  fc.assert(
    fc.property(fc.string(), (user) => {
      const token = newSessionToken(user)
      assert.equal(slotOfToken(token), slotOf(user))
      assert.match(token, /^sps_[0-9a-f]{4}_[A-Za-z0-9_-]{43}$/)
    }),
  )
})

test('no token is made twice', () => {
  const tokens = Array.from({ length: 1_000 }, () => newSessionToken('alice'))
  assert.equal(new Set(tokens).size, tokens.length)
})

test('a slot is stable: tokens and keys of yesterday are found today', () => {
  assert.equal(slotOf('alice'), '0b06')
  assert.notEqual(slotOf('alice'), slotOf('bob'))
})

test('what is not shaped like a token, to the last character, has no slot', () => {
  const token = newSessionToken('alice')
  const others = [
    '',
    'sps_',
    token.slice(1),
    token.slice(0, -1),
    `${token}A`,
    `${token}\n`,
    ` ${token}`,
    token.toUpperCase(),
    token.replace('sps_', 'sps-'),
    `sps_ABCD_${'A'.repeat(43)}`,
    `sps_abcd_${'A'.repeat(42)}+`,
    `sps_abcd_${'A'.repeat(42)}=`,
  ]
  for (const other of others) assert.equal(slotOfToken(other), undefined, JSON.stringify(other))
})

test('a session is stored under the hex SHA-256 of its token', () => {
  const token = newSessionToken('alice')
  assert.equal(digestOf(token), createHash('sha256').update(token, 'utf8').digest('hex'))
})
