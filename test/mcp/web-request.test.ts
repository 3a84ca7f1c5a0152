import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webRequest } from '../../src/mcp/web-request.ts'

test('a request has what it was made of, and its signal is no other one', () => {
  const { signal } = new AbortController()
  const request = webRequest({
    url: 'https://localhost/mcp',
    method: 'POST',
    headers: new Headers({ 'mcp-method': 'tools/call' }),
    signal,
  })
  assert.deepEqual([request.url, request.method], ['https://localhost/mcp', 'POST'])
  assert.equal(request.headers.get('mcp-method'), 'tools/call')
  assert.equal(request.signal, signal)
})
