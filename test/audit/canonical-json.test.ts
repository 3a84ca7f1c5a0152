import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../../src/audit/canonical-json.ts'

test('RFC 8785, 3.2.2 and 3.2.3: numbers, escapes and the order of keys', () => {
  const value = {
    numbers: [333333333.3333333, 1e30, 4.5, 0.002, 1e-27, -0],
    string: '€$\u000f\nA\'B"\\\\"/',
    literals: [null, true, false],
  }
  assert.equal(
    canonicalJson(value),
    `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],` +
      `"string":"€$\\u000f\\nA'B\\"\\\\\\\\\\"/"}`,
  )
  const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, 1: 4, '\ud83d\ude00': 5, '\u0080': 6, ö: 7 }
  assert.equal(canonicalJson(keys), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\ud83d\ude00":5,"\ufb33":3}')
})

test('two values are written alike if and only if they are the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      assert.equal(canonicalJson(one), canonicalJson(structuredClone(one)))
      assert.deepEqual(JSON.parse(canonicalJson(one)), JSON.parse(JSON.stringify(one)))
      const same = isSame(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)))
      assert.equal(canonicalJson(one) === canonicalJson(other), same)
    }),
    { numRuns: 500 },
  )
})

function isSame(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other)
    return true
  } catch {
    return false
  }
}

test('the order in which keys came does not count, that of a list does', () => {
  assert.equal(canonicalJson({ a: 1, b: { d: 2, c: 3 } }), canonicalJson({ b: { c: 3, d: 2 }, a: 1 }))
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]))
})

test('what a parser of requests can make and the RFC does not take stays apart from everything else', () => {
  const odd = [JSON.parse('1e999'), JSON.parse('-1e999'), null, '1e999', '\ud800', '\udc00', '\\ud800']
  assert.equal(new Set(odd.map(canonicalJson)).size, odd.length)
})

test('what is no JSON is refused, and so is what is nested too deep', () => {
  for (const value of [undefined, 1n, Number.NaN, () => 1, Symbol('x'), { a: 1n }])
    assert.throws(() => canonicalJson(value), TypeError)
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
  assert.equal(canonicalJson(nested(100)).length, 200)
  assert.throws(() => canonicalJson(nested(101)), RangeError)
})
