import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson, type JsonProblem } from '../../src/mcp/json.ts'

const DEEPEST = 64

function problemOf(text: string, deepest = DEEPEST): JsonProblem | undefined {
  const parsed = parseJson(text, deepest)
  return parsed.kind === 'problem' ? parsed.problem : undefined
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

test('what JSON.parse writes is read back the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value)
      if (text.includes('__proto__')) return
      assert.deepEqual(parseJson(text, 1000), { kind: 'value', value: JSON.parse(text) })
    }),
  )
})

test('any text is either parsed as JSON.parse does or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ua0 1') }), (text) => {
      const parsed = parseJson(text, DEEPEST)
      if (parsed.kind === 'value') assert.deepEqual(parsed.value, JSON.parse(text))
    }),
    { numRuns: 2000 },
  )
})

test('64 levels are taken, 65 are not, whatever they are made of', () => {
  assert.equal(problemOf(nested(64)), undefined)
  assert.equal(problemOf(nested(65)), 'too_deep')
  assert.equal(problemOf('{"a":'.repeat(65) + '1' + '}'.repeat(65)), 'too_deep')
  assert.equal(problemOf(nested(1_000_000)), 'too_deep')
  assert.equal(problemOf(`"${'['.repeat(100)}"`), undefined)
})

test('100,000 values are taken, and no number of them that keeps others waiting', () => {
  assert.equal(problemOf(JSON.stringify(Array.from({ length: 100_000 }, () => 1))), undefined)
  const many = 200_001
  for (const text of [
    JSON.stringify(Array.from({ length: many }, () => 1)),
    JSON.stringify(Object.fromEntries(Array.from({ length: many }, (_, at) => [at, 1]))),
    `[${'[],'.repeat(many)}0]`,
    `[${'{}'.repeat(many)}]`,
  ])
    assert.equal(problemOf(text), 'too_many', text.slice(0, 20))
  assert.equal(problemOf(JSON.stringify(',['.repeat(many))), undefined)
})

test('a key that occurs twice in one object is refused, however it is written and wherever it is', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"a":1,"b":{"a":3},"a":2}]}',
    '{"a":{"b":1},"c":[1,{"d":2}],"a":2}',
    '{ "name" : "x" , "name" : "y" }',
    '{"":1,"":2}',
    '{"\\"":1,"\\"":2}',
  ])
    assert.equal(problemOf(text), 'duplicate_key', text)
})

test('the same key in different objects, and the same string as a value, are fine', () => {
  for (const text of [
    '[{"a":1},{"a":2}]',
    '{"a":{"a":"a"}}',
    '{"a":"a","b":["a","a"]}',
    '{"a":["b","c"],"b":1}',
  ])
    assert.equal(problemOf(text), undefined, text)
})

test('__proto__ is refused as a key, also escaped, and is fine as a value', () => {
  assert.equal(problemOf('{"__proto__":{}}'), 'forbidden_key')
  assert.equal(problemOf('{"a":{"\\u005f_proto__":1}}'), 'forbidden_key')
  assert.equal(problemOf('{"a":"__proto__"}'), undefined)
})

test('what is not JSON is malformed', () => {
  for (const text of ['', '{', '{"a":1,}', "{'a':1}", '\uFEFF{}', 'NaN', '{"a":1}x', ']', '"'])
    assert.equal(problemOf(text), 'malformed', text)
})
