import assert from 'node:assert/strict'
import { validateHeaderValue } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { headerValue, modernHeaders, revisionOf } from '../../src/wire/headers.ts'
import { toolParameters } from '../../src/wire/parameters.ts'

/** As MCP 2026-07-28 has a server read it. */
function decoded(value: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/s.exec(value)?.[1]
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString('utf8')
}

test('whatever text there is: its header may be sent, survives the trimming of HTTP, and says the text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(' ', '\t', '\r', '\n', 'a', '=', '?', '\0', 'ä') }),
    fc.string().map((inner) => `=?base64?${inner}?=`),
  )
  fc.assert(
    fc.property(text, (said) => {
      const value = headerValue(said)
      validateHeaderValue('mcp-name', value)
      assert.equal(decoded(value.trim()), said)
    }),
  )
})

test('a modern message has the headers that repeat its body, others do not', () => {
  const params = {
    name: 'notes_read',
    uri: 'note://ä',
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
  }
  const request = { kind: 'request', id: 1, params } as const
  assert.equal(revisionOf(request), '2026-07-28')
  assert.equal(revisionOf({ params: {} }), undefined)
  assert.deepEqual(modernHeaders({ ...request, method: 'tools/call' }, '2026-07-28'), {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'notes_read',
  })
  assert.equal(
    modernHeaders({ ...request, method: 'resources/read' }, '2026-07-28')['mcp-name'],
    '=?base64?bm90ZTovL8Ok?=',
  )
  assert.equal(modernHeaders({ ...request, method: 'tools/list' }, '2026-07-28')['mcp-name'], undefined)
  assert.equal(modernHeaders({ ...request, method: 'constructor' }, '2026-07-28')['mcp-name'], undefined)
})

test('arguments are repeated as the schema of the tool says, exactly or not at all', () => {
  const parameters = toolParameters()
  const inputSchema = {
    type: 'object',
    'x-mcp-header': 'not-of-a-property',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      where: { type: 'object', properties: { zone: { type: 'integer', 'x-mcp-header': 'Zone' } } },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
      bad: { type: 'string', 'x-mcp-header': 'no: token' },
      list: { type: 'array', items: { 'x-mcp-header': 'Inside' } },
    },
  }
  const headersOf = (args: object) => parameters.headersOf({ name: 'move', arguments: args })
  assert.deepEqual(headersOf({ region: 'x' }), {})
  parameters.learn({ tools: [{ name: 'move', inputSchema }, { name: 'other' }, 'nonsense'] })
  assert.deepEqual(headersOf({ region: ' x', where: { zone: 7 }, dry: false, bad: 'x', list: ['y'] }), {
    'mcp-param-Region': '=?base64?IHg=?=',
    'mcp-param-Zone': '7',
    'mcp-param-Dry': 'false',
  })
  assert.deepEqual(headersOf({ region: null, where: { zone: 2 ** 60 }, dry: undefined }), {})
  parameters.learn({ tools: [{ name: 'move', inputSchema: {} }] })
  assert.deepEqual(headersOf({ region: 'x' }), {})
})
