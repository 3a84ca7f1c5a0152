import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hasGoodParams } from '../../src/mcp/params.ts'
import { INITIALIZE } from '../support/clients.ts'

const isGood = (method: string, params?: unknown) =>
  hasGoodParams({ jsonrpc: '2.0', id: 1, method, ...(params === undefined ? {} : { params }) })

test('what the specification allows is good', () => {
  assert.ok(isGood('tools/call', { name: 'x' }))
  assert.ok(isGood('tools/call', { name: 'x', arguments: { any: [1, null, { deep: true }] } }))
  assert.ok(isGood('tools/call', { name: 'x', task: { ttl: 5 } }))
  assert.ok(isGood('prompts/get', { name: 'x', arguments: { a: 'b' } }))
  assert.ok(isGood('resources/read', { uri: 'note://x' }))
  for (const list of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']) {
    assert.ok(isGood(list))
    assert.ok(isGood(list, {}))
    assert.ok(isGood(list, { cursor: 'x' }))
  }
  assert.ok(isGood('initialize', INITIALIZE))
  for (const method of ['resources/subscribe', 'resources/unsubscribe'])
    assert.ok(isGood(method, { uri: 'note://x' }))
  const argument = { name: 'id', value: '' }
  assert.ok(isGood('completion/complete', { ref: { type: 'ref/prompt', name: 'x' }, argument }))
  const ref = { type: 'ref/resource', uri: 'note://{id}' }
  for (const context of [{}, { arguments: {} }, { arguments: { a: 'b' } }])
    assert.ok(isGood('completion/complete', { ref, argument, context }))
  for (const notifications of [{}, { toolsListChanged: true }, { resourceSubscriptions: ['note://x'] }])
    assert.ok(isGood('subscriptions/listen', { notifications }))
})

test('what 2026-07-28 has no more is refused by its name alone, where it is plain that it is of that revision', () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const removed = ['initialize', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']
  const unclear = [
    { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
    { ...meta, 'io.modelcontextprotocol/protocolVersion': '2025-11-25' },
    { ...meta, 'io.modelcontextprotocol/clientInfo': { name: 5 } },
    { ...meta, 'io.modelcontextprotocol/logLevel': 'loud' },
  ]
  for (const method of removed) {
    assert.ok(isGood(method, { _meta: meta }), method)
    for (const _meta of unclear) assert.ok(!isGood(method, { _meta }), `${method} ${JSON.stringify(_meta)}`)
  }
  assert.ok(!isGood('resources/read', { _meta: meta }), 'what is served has to be right')
})

test('what it does not allow is not', () => {
  const bad: [string, unknown][] = [
    ['tools/call', undefined],
    ['tools/call', []],
    ['tools/call', null],
    ['tools/call', {}],
    ['tools/call', { name: 5 }],
    ['tools/call', { name: 'x', arguments: null }],
    ['tools/call', { name: 'x', arguments: [] }],
    ['tools/call', { name: 'x', arguments: 'y' }],
    ['tools/call', { name: 'x', task: 5 }],
    ['tools/call', { name: 'x', task: { ttl: '5' } }],
    ['prompts/get', { name: 'x', arguments: { a: 5 } }],
    ['prompts/get', { name: 'x', arguments: { a: null } }],
    ['resources/read', {}],
    ['resources/read', { uri: null }],
    ['tools/list', { cursor: 5 }],
    ['tools/list', []],
    ['resources/templates/list', { cursor: {} }],
    ['resources/subscribe', {}],
    ['resources/unsubscribe', { uri: ['note://x'] }],
    ['completion/complete', {}],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'x' } }],
    ['completion/complete', { ref: { type: 'ref/prompt', uri: 'x' }, argument: { name: 'a', value: '' } }],
    ['completion/complete', { ref: { type: 'ref/tool', name: 'x' }, argument: { name: 'a', value: '' } }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: null } }],
    [
      'completion/complete',
      {
        ref: { type: 'ref/prompt', name: 'x' },
        argument: { name: 'a', value: '' },
        context: { arguments: { a: 5 } },
      },
    ],
    ['subscriptions/listen', {}],
    ['subscriptions/listen', { notifications: [] }],
    ['subscriptions/listen', { notifications: { toolsListChanged: 'yes' } }],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: 'note://x' } }],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: [null] } }],
    ['initialize', undefined],
    ['initialize', {}],
    ['initialize', { ...INITIALIZE, protocolVersion: 5 }],
    ['initialize', { ...INITIALIZE, clientInfo: {} }],
  ]
  for (const [method, params] of bad)
    assert.equal(isGood(method, params), false, `${method} ${JSON.stringify(params)}`)
})

test('other methods, and what is no request at all, are left to the protocol layer', () => {
  for (const method of [
    '',
    'ping',
    'tools/execute',
    'notifications/cancelled',
    'constructor',
    '__proto__',
    'get',
  ])
    assert.ok(isGood(method, 5), method)
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      if (typeof value === 'object' && value !== null && 'method' in value) return
      assert.ok(hasGoodParams(value))
    }),
  )
})
