import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SealingKeys } from '../../src/auth/mac.ts'
import { isSealed, sealRecord, type SessionRecord } from '../../src/auth/session-record.ts'

const KEYS: SealingKeys = [createSecretKey(Buffer.alloc(32, 1)), createSecretKey(Buffer.alloc(32, 2))]
const OTHER = createSecretKey(Buffer.alloc(32, 9))
const FIELDS: Omit<SessionRecord, 'mac'> = {
  digest: 'ab'.repeat(32),
  user: 'alice',
  epoch: 3,
  createdAt: 1_000,
  authenticatedAt: 1_001,
  mfaAt: null,
  authenticationMethods: ['password'],
  binding: null,
  pending: null,
  idleTimeout: 60_000,
  expiresAt: 100_000,
  label: 'browser',
  address: '127.0.0.1',
  userAgent: 'Test/1.0',
}

const words = fc.string()
const numbers = fc.integer()
const anyFields: fc.Arbitrary<Omit<SessionRecord, 'mac'>> = fc.record({
  digest: words,
  user: words,
  epoch: numbers,
  createdAt: numbers,
  authenticatedAt: numbers,
  mfaAt: fc.option(numbers),
  authenticationMethods: fc.subarray(['password', 'totp', 'recovery_code', 'passkey'] as const),
  binding: fc.option(words),
  pending: fc.constantFrom(null, 'second_factor', 'change_password', 'enrol'),
  idleTimeout: numbers,
  expiresAt: numbers,
  label: words,
  address: words,
  userAgent: words,
})

test('what was sealed is sealed, by any of the keys and by no other', () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const record = sealRecord(fields, KEYS)
      assert.ok(isSealed(record, KEYS))
      assert.ok(isSealed(record, [OTHER, KEYS[0]]))
      assert.equal(isSealed(record, [OTHER]), false)
    }),
  )
})

test('two records have one MAC only if they say the same', () => {
  fc.assert(
    fc.property(anyFields, anyFields, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other)
      assert.equal(sealRecord(one, KEYS).mac === sealRecord(other, KEYS).mac, same)
    }),
  )
})

test('no field can be changed without breaking the seal', () => {
  const record = sealRecord(FIELDS, KEYS)
  const changes: Partial<SessionRecord>[] = [
    { digest: 'cd'.repeat(32) },
    { user: 'admin' },
    { epoch: 4 },
    { createdAt: 1 },
    { authenticatedAt: 1 },
    { mfaAt: 0 },
    { mfaAt: 1_001 },
    { authenticationMethods: ['password', 'totp'] },
    { authenticationMethods: [] },
    { binding: 'address:127.0.0.0/24' },
    { binding: '' },
    { pending: 'change_password' },
    { idleTimeout: 60_001 },
    { expiresAt: 100_001 },
    { label: 'terminal' },
    { address: '127.0.0.2' },
    { userAgent: '' },
  ]
  assert.deepEqual(new Set(changes.flatMap(Object.keys)), new Set(Object.keys(FIELDS)))
  for (const change of changes)
    assert.equal(isSealed({ ...record, ...change }, KEYS), false, JSON.stringify(change))
})

test('text cannot be moved from one field into the next', () => {
  const record = sealRecord({ ...FIELDS, label: 'a', address: 'b,c","d' }, KEYS)
  for (const [label, address] of [
    ['a,b', 'c","d'],
    ['a","b,c', 'd'],
    ['', 'ab,c","d'],
  ] as const)
    assert.equal(isSealed({ ...record, label, address }, KEYS), false)
})

test('a MAC that is missing, short, long or of other bytes is none', () => {
  const record = sealRecord(FIELDS, KEYS)
  for (const mac of ['', 'AAAA', record.mac.slice(0, -4), `${record.mac}AAAA`, 'A'.repeat(43)])
    assert.equal(isSealed({ ...record, mac }, KEYS), false, mac)
})

test('a sealed record is frozen and keeps what it was made of', () => {
  const record = sealRecord(FIELDS, KEYS)
  assert.ok(Object.isFrozen(record))
  const { mac: _, ...fields } = record
  assert.deepEqual(fields, FIELDS)
})
