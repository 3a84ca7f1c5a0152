import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { postedBody } from '../../src/login/body.ts'
import { fieldsIn, loginFields, noFields } from '../../src/login/fields.ts'

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

function read(text: string | undefined, type: string | undefined): unknown {
  const body = postedBody(text === undefined ? undefined : Buffer.from(text), type)
  if (body.kind === 'refused') return body.problem.code
  return body.kind === 'none' ? 'none' : body.fields
}

test('an object is read as JSON, whatever the letters of the type', () => {
  for (const type of [
    JSON_TYPE,
    'Application/JSON',
    `${JSON_TYPE}; charset=utf-8`,
    `${JSON_TYPE};charset="UTF-8"`,
  ])
    assert.deepEqual(read('{"a":"1","b":true}', type), { a: '1', b: true }, type)
})

test('a form is read, and its escapes', () => {
  assert.deepEqual(read('a=1%20x&b=%C3%A4+y', FORM_TYPE), { a: '1 x', b: 'ä y' })
  assert.deepEqual(read('', FORM_TYPE), {})
  assert.deepEqual(read(undefined, FORM_TYPE), {})
})

test('no body is none, whatever its type says', () => {
  for (const type of [undefined, JSON_TYPE, 'text/plain']) {
    assert.equal(read(undefined, type), 'none')
    assert.equal(read('', type), 'none')
  }
})

test('another type or charset is refused', () => {
  for (const type of [
    undefined,
    '',
    'text/plain',
    'text/json',
    'application/jsonx',
    'application/problem+json',
    'multipart/form-data; boundary=x',
    `${JSON_TYPE}; charset=utf-16`,
    `${JSON_TYPE}; charset=latin1`,
    `text/plain; x=${JSON_TYPE}`,
  ])
    assert.equal(read('{"a":"1"}', type), 'unsupported_media_type', String(type))
})

test('bytes that are not UTF-8 and a byte order mark are refused', () => {
  assert.equal(postedBody(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), JSON_TYPE).kind, 'refused')
  assert.equal(read('\ufeff{"a":"1"}', JSON_TYPE), 'bad_request')
})

test('what is not an object of JSON is refused', () => {
  for (const text of ['[]', '"a"', '1', 'null', 'true', '{', '{"a":1}{', "{'a':1}", '{"a":1,}', '\u0000'])
    assert.equal(read(text, JSON_TYPE), 'bad_request', text)
})

test('a field that is there twice is refused, in JSON and in a form', () => {
  for (const text of ['{"a":"1","a":"2"}', '{"a":"1","\\u0061":"1"}', '{"a":"x:y","b":"\\":","a":"2"}'])
    assert.equal(read(text, JSON_TYPE), 'bad_request', text)
  for (const text of ['a=1&a=2', 'a=1&%61=1', 'a&a=1'])
    assert.equal(read(text, FORM_TYPE), 'bad_request', text)
})

test('any flat object is read as it was written', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean())), (object) => {
      assert.deepEqual(read(JSON.stringify(object), JSON_TYPE), { ...object })
    }),
  )
})

test('fields that are missing, unknown, of another type or too long are refused, without their value', () => {
  const good = { username: 'alice', password: 'secret words' }
  const shapeOf = (fields: unknown): string => {
    const result = fieldsIn(postedBody(Buffer.from(JSON.stringify(fields)), JSON_TYPE), loginFields)
    return result.kind === 'fields' ? 'good' : result.problem.message
  }
  assert.equal(shapeOf(good), 'good')
  assert.equal(shapeOf({ ...good, token: true, code: '123456' }), 'good')
  assert.equal(shapeOf({ username: 'alice' }), 'The field "password" is missing or not acceptable.')
  const wrong: unknown[] = [
    {},
    { ...good, username: '' },
    { ...good, username: 5 },
    { ...good, username: null },
    { ...good, username: ['alice'] },
    { ...good, password: { $ne: 'secret words' } },
    { ...good, password: 'secret words'.repeat(100) },
    { ...good, token: 'true' },
    { ...good, token: 1 },
    { ...good, code: 123456 },
    { ...good, admin: true },
    { ...good, constructor: 'x' },
  ]
  for (const fields of wrong) {
    assert.notEqual(shapeOf(fields), 'good', JSON.stringify(fields))
    assert.ok(!shapeOf(fields).includes('secret'))
  }
  const proto = fieldsIn(postedBody(Buffer.from('{"__proto__":"x"}'), JSON_TYPE), noFields)
  assert.equal(proto.kind, 'refused')
})

test('the name of an unknown field is said, and not at any length', () => {
  const body = postedBody(Buffer.from(JSON.stringify({ ['x'.repeat(5_000)]: 1 })), JSON_TYPE)
  const result = fieldsIn(body, noFields)
  assert.ok(result.kind === 'refused' && result.problem.message.length < 100)
})
