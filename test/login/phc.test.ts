import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { argon2id, parsePhc, phcString } from '../../src/login/phc.ts'

test('what is written is read back', () => {
  const cost = fc.record({
    memory: fc.integer({ min: 128, max: 262_144 }),
    passes: fc.integer({ min: 1, max: 4 }),
    parallelism: fc.integer({ min: 1, max: 8 }),
  })
  const bytes = (minLength: number) =>
    fc.uint8Array({ minLength, maxLength: 64 }).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(fc.record({ cost, salt: bytes(8), tag: bytes(16) }, { noNullPrototype: true }), (parts) => {
      assert.deepEqual(parsePhc(phcString(parts)), { ...parts, cost: { ...parts.cost } })
    }),
  )
})

test('another implementation’s hash is computed to the same bytes', async () => {
  // argon2id, m=65536, t=2, p=1, "password" and "somesalt": the vector of the reference implementation's test.c.
  const tag = await argon2id(
    'password',
    Buffer.from('somesalt'),
    { memory: 65_536, passes: 2, parallelism: 1 },
    32,
  )
  assert.equal(tag.toString('hex'), '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7')
})

test('absurd costs and other shapes are not run', () => {
  const rest = '$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAA'
  assert.ok(parsePhc(`$argon2id$v=19$m=64,t=1,p=1${rest}`))
  for (const head of [
    '$argon2id$v=19$m=9999999,t=1,p=1',
    '$argon2id$v=19$m=64,t=99,p=1',
    '$argon2id$v=19$m=64,t=1,p=99',
    '$argon2id$v=19$m=64,t=0,p=1',
    '$argon2id$v=19$m=64,t=1,p=0',
    '$argon2id$v=19$m=8,t=1,p=2',
    '$argon2id$v=16$m=64,t=1,p=1',
    '$argon2d$v=19$m=64,t=1,p=1',
    ' $argon2id$v=19$m=64,t=1,p=1',
  ])
    assert.equal(parsePhc(head + rest), undefined, head)
  assert.equal(parsePhc(`$argon2id$v=19$m=64,t=1,p=1$$`), undefined)
  assert.equal(parsePhc(`$argon2id$v=19$m=64,t=1,p=1${rest}\n`), undefined)
})
