import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerText, headerValue } from '../../src/wire/headers.ts'
import { parameterMismatch } from '../../src/wire/parameter-mismatch.ts'
import { declaredIn } from '../../src/wire/parameters.ts'

const declared = [
  ...declaredIn({
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      size: { type: 'number', 'x-mcp-header': 'Size' },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
      deep: { type: 'object', properties: { id: { type: 'string', 'x-mcp-header': 'Deep-Id' } } },
    },
  }),
]
const mismatch = (args: Record<string, unknown>, headers: Record<string, string> = {}) =>
  parameterMismatch(declared, args, (name) => headers[name] ?? null)

test('arguments that are repeated as they are fit', () => {
  assert.equal(mismatch({}), undefined)
  const args = { region: 'eu', size: 4.5, dry: true, deep: { id: 'x' } }
  const headers = {
    'Mcp-Param-Region': 'eu',
    'Mcp-Param-Size': '4.50',
    'Mcp-Param-Dry': 'true',
    'Mcp-Param-Deep-Id': '=?base64?eA==?=',
    'Mcp-Param-Other': '\u0001',
  }
  assert.equal(mismatch(args, headers), undefined)
  for (const text of ['Zürich', '', ' a ', '=?base64?eA==?=', '東京', 'a\tb'])
    assert.equal(mismatch({ region: text }, { 'Mcp-Param-Region': headerValue(text) }), undefined, text)
})

test('an argument without its header, or with another one, does not', () => {
  assert.match(mismatch({ region: 'eu' }) ?? '', /argument region is there, and the header Mcp-Param-Region/)
  assert.match(mismatch({ region: 'eu' }, { 'Mcp-Param-Region': 'us' }) ?? '', /differs/)
  assert.match(mismatch({ size: 5 }, { 'Mcp-Param-Size': '5e0' }) ?? '', /differs/)
  assert.match(mismatch({ size: '5' }, { 'Mcp-Param-Size': '5.0' }) ?? '', /differs/)
  assert.match(mismatch({ dry: true }, { 'Mcp-Param-Dry': 'TRUE' }) ?? '', /differs/)
  assert.match(
    mismatch({ deep: { id: 'secret' } }, { 'Mcp-Param-Deep-Id': 'x' }) ?? '',
    /^[^s]*differs.*deep\.id$/,
  )
})

test('what is absent, or cannot be repeated, is not expected', () => {
  for (const region of [undefined, null, [], {}]) assert.equal(mismatch({ region }), undefined)
  assert.equal(mismatch({ size: 2 ** 60 }), undefined)
  assert.equal(mismatch({}, { 'Mcp-Param-Region': 'eu' }), undefined)
})

test('a header of bad characters or bad base64 is malformed, whatever it repeats', () => {
  for (const value of ['=?base64?e?=', '=?base64?eA=?=', '=?base64?/w==?=', 'Z\u00fcrich', 'a\u0001', ' a']) {
    assert.equal(headerText(value), undefined, value)
    assert.match(mismatch({}, { 'Mcp-Param-Region': value }) ?? '', /malformed/, value)
  }
})
