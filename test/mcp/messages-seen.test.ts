import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messagesSeen } from '../../src/mcp/messages-seen.ts'

test('a message is seen by its method, which is one of a closed list', () => {
  const rows: readonly (readonly [body: unknown, methods: readonly string[]])[] = [
    [undefined, []],
    [{ method: 'tools/call' }, ['tools/call']],
    [{ method: 'tools/call/canary' }, ['other']],
    [{ method: '__proto__' }, ['other']],
    [{ method: 42 }, ['other']],
    [{ method: ['tools/call'] }, ['other']],
    [{ id: 1, result: {} }, ['response']],
    [null, ['response']],
    ['tools/call', ['response']],
    [
      [{ method: 'ping' }, { method: 'canary' }],
      ['ping', 'other'],
    ],
    [[], []],
  ]
  for (const [body, methods] of rows)
    assert.deepEqual(messagesSeen(body).methods, methods, JSON.stringify(body))
})

test('what the first message says of its trace comes as it is, and of own members alone', () => {
  const body = { method: 'ping', params: { _meta: { traceparent: ['x'], tracestate: 1 } } }
  assert.deepEqual(messagesSeen(body), { methods: ['ping'], traceparent: ['x'], tracestate: 1 })
  assert.equal(messagesSeen([body, {}]).tracestate, 1)
  const inherited: unknown = Object.create({ traceparent: 'x' })
  assert.equal(messagesSeen({ params: { _meta: inherited } }).traceparent, undefined)
  for (const odd of [{}, { params: null }, { params: [] }, { params: { _meta: 'traceparent' } }])
    assert.equal(messagesSeen(odd).traceparent, undefined)
})
