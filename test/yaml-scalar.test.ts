import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isScalar, parseDocument, stringify } from 'yaml'
import { offsetInScalar } from '../src/yaml-scalar.ts'

/** What stands from there on, to the end of the line. */
function restAt(text: string, offset: number): string {
  const scalar: unknown = parseDocument(text).getIn(['when'], true)
  assert.ok(isScalar(scalar))
  return text.slice(offsetInScalar(text, scalar, offset)).split('\n')[0] ?? ''
}

test('a character is found in a scalar of every style', () => {
  const value = `a && !b("it's")`
  const styles = [
    `when: a && !b("it's")\n`,
    `when: 'a && !b("it''s")' # c\n`,
    `when: "a && !b(\\"it's\\")"\n`,
    `when: >-\n    a && !b("it's")\n`,
    `when: | # 1\n\n  a && !b("it's")\n`,
    `when: a\n  && !b("it's")\n`,
    `when: 'a\n  && !b("it''s")'\n`,
    `when: "a\\\n  \\ && \\x21b(\\"it's\\")"\n`,
    `when: >\r\n  a\r\n  && !b("it's")\r\n`,
  ]
  for (const text of styles) {
    const parsed: unknown = parseDocument(text).toJS()
    assert.ok(typeof parsed === 'object' && parsed !== null && 'when' in parsed)
    const said = String(parsed.when)
    assert.equal(said.trim(), value, text)
    assert.match(restAt(text, said.indexOf('b("')), /^b\(\\?["']/, text)
    assert.match(restAt(text, said.indexOf('s"')), /^s/, text)
  }
})

test('whatever the text and however it is written, a letter is found where it stands', () => {
  const words = fc.array(
    fc.constantFrom('alpha', '"', "'", '\\', ' ', '  ', '\n', '\n\n', 'é', '#', ': ', '*'),
    {
      maxLength: 12,
    },
  )
  const style = fc.constantFrom(
    'PLAIN',
    'QUOTE_SINGLE',
    'QUOTE_DOUBLE',
    'BLOCK_LITERAL',
    'BLOCK_FOLDED',
  ) as fc.Arbitrary<'PLAIN'>
  fc.assert(
    fc.property(words, style, fc.constantFrom(20, 80), (some, defaultStringType, lineWidth) => {
      const value = `x${some.join('')}Z`
      const text = stringify({ deep: 1, when: value }, { defaultStringType, lineWidth, minContentWidth: 0 })
      assert.match(restAt(text, value.length - 1), /^Z/, text)
    }),
    { numRuns: 500 },
  )
})

test('an offset that is not in the value is the start of the scalar, or its end', () => {
  assert.match(restAt('when: 12\n', 5), /^12/)
  assert.match(restAt('when: abc\nx: y\n', 99), /^$/)
})
