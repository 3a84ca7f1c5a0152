import assert from 'node:assert/strict'
import { test } from 'node:test'
import { posted } from '../../src/mcp/posted.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const message = (more: object = {}) => ({ jsonrpc: '2.0', id: 7, method: 'tools/list', ...more })

async function refusalOf(contentType: string | null, text: string | undefined): Promise<[number, unknown]> {
  const body = posted(contentType, text)
  assert.equal(body.kind, 'refused')
  return [body.response.status, await body.response.json()]
}

test('a message is parsed and counts as one, a batch as many as it has', () => {
  assert.deepEqual(posted(JSON_TYPE, JSON.stringify(message())), {
    kind: 'parsed',
    value: message(),
    messages: 1,
  })
  for (const length of [1, 2, 50]) {
    const batch = Array.from({ length }, () => message())
    assert.deepEqual(posted(JSON_TYPE, JSON.stringify(batch)), {
      kind: 'parsed',
      value: batch,
      messages: length,
    })
  }
})

test('what is no message is the protocol layer’s to refuse', () => {
  for (const value of [5, null, 'x', [], {}, [5]])
    assert.equal(posted(JSON_TYPE, JSON.stringify(value)).kind, 'parsed', JSON.stringify(value))
})

test('any other content type is refused before the body is looked at', async () => {
  for (const contentType of [null, '', 'text/plain', 'application/jsonp', 'text/plain, application/json']) {
    const [status, body] = await refusalOf(contentType, '{')
    assert.equal(status, 415, String(contentType))
    assert.deepEqual(Object.keys(body as object), ['jsonrpc', 'error', 'id'])
  }
})

test('no UTF-8, no JSON and JSON of two readings are one parse error', async () => {
  const answer = { jsonrpc: '2.0', error: { code: -32700, message: 'Parse error' }, id: null }
  for (const text of [
    undefined,
    '',
    '{',
    '{"id":1,"id":2}',
    '{"__proto__":1}',
    '['.repeat(65) + ']'.repeat(65),
  ])
    assert.deepEqual(await refusalOf(JSON_TYPE, text), [400, answer], text)
})

test('a batch of 51 is refused', async () => {
  const [status, body] = await refusalOf(
    JSON_TYPE,
    JSON.stringify(Array.from({ length: 51 }, () => message())),
  )
  assert.equal(status, 400)
  assert.match(JSON.stringify(body), /at most 50 messages/)
})

test('bad parameters are told with the id of the request, where there is one', async () => {
  const bad = { method: 'tools/call', params: {} }
  const idOf = async (value: unknown) => {
    const [status, body] = await refusalOf(JSON_TYPE, JSON.stringify(value))
    assert.equal(status, 400)
    const { error, id } = body as { error: unknown; id: unknown }
    assert.deepEqual(error, { code: -32602, message: 'Invalid params' })
    return id
  }
  assert.equal(await idOf(message(bad)), 7)
  assert.equal(await idOf(message({ ...bad, id: 'a' })), 'a')
  assert.equal(await idOf(message({ ...bad, id: { x: 1 } })), null)
  assert.equal(await idOf({ jsonrpc: '2.0', ...bad }), null)
  assert.equal(await idOf([message(), message(bad)]), null)
})

test('an id that is kept while its request runs is short', async () => {
  assert.equal(posted(JSON_TYPE, JSON.stringify(message({ id: 'x'.repeat(256) }))).kind, 'parsed')
  const long = message({ id: 'x'.repeat(257) })
  for (const value of [long, [message(), long]]) {
    const [status, body] = await refusalOf(JSON_TYPE, JSON.stringify(value))
    assert.equal(status, 400)
    assert.deepEqual(body, { jsonrpc: '2.0', error: { code: -32600, message: 'Invalid Request' }, id: null })
  }
})

test('what is kept for a whole session is bounded', async () => {
  const opening = (length: number): string => {
    const clientInfo = { name: 'x'.repeat(length), version: '1' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    return JSON.stringify(message({ method: 'initialize', params }))
  }
  assert.equal(posted(JSON_TYPE, opening(60_000)).kind, 'parsed')
  assert.equal((await refusalOf(JSON_TYPE, opening(70_000)))[0], 400)
})
