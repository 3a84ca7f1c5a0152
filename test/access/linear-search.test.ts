import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { linearIndexOf } from '../../src/access/linear-search.ts'

test('the search finds what the search of JavaScript finds', () => {
  const letters = (maxLength: number): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom('a', 'b'), { maxLength }).map((units) => units.join(''))
  fc.assert(
    fc.property(letters(40), letters(6), fc.nat(50), (text, needle, from) => {
      const long = text.repeat(4000)
      assert.equal(linearIndexOf(long, needle, from), long.indexOf(needle, from))
      assert.equal(linearIndexOf(text, needle), text.indexOf(needle))
    }),
    { numRuns: 50 },
  )
})

test('a text made to slow a search down is searched once', () => {
  const text = 'a'.repeat(500_000)
  assert.equal(linearIndexOf(text, `b${'a'.repeat(250_000)}`), -1)
  assert.equal(linearIndexOf(text, `${'a'.repeat(250_000)}b`), -1)
  assert.equal(linearIndexOf(`${text}b`, `${'a'.repeat(250_000)}b`), 250_000)
})
