import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { visible } from '../../src/cli/visible.ts'

test('lines, tabs and the letters of any language stay as they are', () => {
  for (const text of ['', 'a\tb\nc', 'äöü 文字 עברית 🚪', '"\\u001b"']) assert.equal(visible(text), text)
  assert.equal(visible('a\r\nb'), 'a\nb')
})

test('what could change what a terminal shows is shown itself', () => {
  assert.equal(visible('\u001b[2J\u001b]0;x\u0007'), '\\u001b[2J\\u001b]0;x\\u0007')
  assert.equal(visible('good\rbad'), 'good\\u000dbad')
  assert.equal(visible('a\u009b31m\u202eb\u200b\u0000'), 'a\\u009b31m\\u202eb\\u200b\\u0000')
})

test('no text comes out with a control but line feed and tab', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(visible(text).replaceAll(/[\n\t]/g, ''), /\p{Cc}/u)
    }),
  )
})
