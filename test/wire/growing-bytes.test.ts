import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { growingBytes } from '../../src/wire/growing-bytes.ts'

test('bytes come out as they went in, and take no more than twice their room', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 200 })
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 3 }), (rounds) => {
      const bytes = growingBytes()
      for (const round of rounds) {
        for (const piece of round) bytes.add(Buffer.from(piece))
        const expected = Buffer.concat(round)
        assert.equal(bytes.length(), expected.length)
        assert.deepEqual(bytes.take(), expected)
        assert.equal(bytes.length(), 0)
      }
    }),
  )
  const bytes = growingBytes()
  for (let at = 0; at < 1_000_000; at++) bytes.add(Buffer.from('x'))
  assert.ok(bytes.take().buffer.byteLength <= 2_100_000)
})
