import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wrapped } from '../../src/cli/wrapped.ts'

test('lines are broken between words', () => {
  assert.deepEqual(wrapped('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrapped('one\n\ntwo three', 5), ['one', '', 'two', 'three'])
  assert.deepEqual(wrapped('unbreakable word', 4), ['unbreakable', 'word'])
  assert.deepEqual(wrapped('', 4), [''])
})

test('nothing is lost but the blanks where it was broken', () => {
  const text = fc.array(fc.constantFrom('a', 'bb', 'ccccccccc', ' ', '\n')).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 8 }), (given, width) => {
      const lines = wrapped(given, width)
      assert.equal(lines.join('').replaceAll(' ', ''), given.replaceAll(/[ \n]/g, ''))
      for (const line of lines)
        assert.ok(line.length <= width || !line.trim().includes(' '), JSON.stringify(line))
    }),
    { numRuns: 200 },
  )
})
