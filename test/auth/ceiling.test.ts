import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CEILING_OID, readCeiling } from '../../src/auth/ceiling.ts'
import { CEILING_OID as WRITTEN_OID, encodeCeiling } from '../../src/pki/ceiling.ts'
import { der, DER, derText } from '../../src/pki/der.ts'

test('what the CA writes is what admission reads, under the same identifier', () => {
  assert.equal(CEILING_OID, WRITTEN_OID)
  const pattern = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}:(?:[a-z0-9][a-z0-9_-]{0,63}|\*)$/)
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 64 }), (patterns) => {
      assert.deepEqual(readCeiling(encodeCeiling(patterns)), patterns)
    }),
  )
})

test('what is no ceiling is none: empty, too many, too long, of other types, with something behind it', () => {
  const good = encodeCeiling(['notes:read'])
  const list = (...texts: string[]) => der(DER.sequence, ...texts.map(derText))
  assert.deepEqual(readCeiling(list('not a pattern', '*')), ['not a pattern', '*'])
  for (const value of [
    Buffer.alloc(0),
    der(DER.sequence),
    list(''),
    list('a'.repeat(131)),
    list('notes:read\0'),
    list('nötes:read'),
    list(...Array.from({ length: 65 }, () => 'a:b')),
    der(DER.sequence, der(DER.printableString, Buffer.from('notes:read'))),
    der(DER.set, derText('notes:read')),
    derText('notes:read'),
    Buffer.concat([good, Buffer.of(0)]),
    good.subarray(0, -1),
    // Not the shortest form of its length.
    Buffer.concat([Buffer.of(0x30, 0x81, good.length - 2), good.subarray(2)]),
  ])
    assert.equal(readCeiling(value), undefined, value.toString('hex').slice(0, 60))
})
