import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ask, legacy, modern, type Answer, type Ask } from '../support/clients.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let credentials: Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>
before(async () => {
  server = await startServer()
  const pair = await server.authority.client('demo')
  credentials = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
})
after(async () => server.close())

const list = modern('tools/list')
const call = modern('tools/call', { name: 'notes_read', arguments: { id: 'x' } })
const withHeader = (more: Record<string, string>, message = list) => ({
  ...message,
  headers: { ...message.headers, ...more },
})
const withBody = (body: string | Buffer, message = list) => ({ ...message, body })
const withParams = (text: string, message = list) =>
  withBody(message.body.replace('"params":{', `"params":{${text},`), message)

interface Row {
  readonly what: string
  readonly ask: Partial<Ask>
  readonly status: number
  /** JSON-RPC code, or the code of our own error body. */
  readonly code: number | string
}

const MEBIBYTE = 1024 * 1024
const rows: readonly Row[] = [
  { what: 'malformed JSON', ask: withBody('{"jsonrpc"'), status: 400, code: -32700 },
  { what: 'no body', ask: withBody(''), status: 400, code: -32700 },
  {
    what: 'a body that is not UTF-8',
    ask: withBody(Buffer.from([0x22, 0xff, 0x22])),
    status: 400,
    code: -32700,
  },
  {
    what: 'JSON nested 65 deep',
    ask: withParams(`"x":${'['.repeat(63)}${']'.repeat(63)}`),
    status: 400,
    code: -32700,
  },
  { what: 'a duplicate key', ask: withParams('"a":1,"a":2'), status: 400, code: -32700 },
  { what: 'a __proto__ key', ask: withParams('"__proto__":{}'), status: 400, code: -32700 },
  {
    what: 'a body of 5 MiB',
    ask: withBody(`"${'x'.repeat(5 * MEBIBYTE)}"`),
    status: 413,
    code: 'body_too_large',
  },
  {
    what: 'a body of 5 MiB in chunks',
    ask: { ...withHeader({ 'transfer-encoding': 'chunked' }), body: `"${'x'.repeat(5 * MEBIBYTE)}"` },
    status: 413,
    code: 'body_too_large',
  },
  {
    what: 'a wrong content type',
    ask: withHeader({ 'content-type': 'text/plain' }),
    status: 415,
    code: -32000,
  },
  { what: 'an unknown method', ask: modern('tools/execute'), status: 404, code: -32601 },
  { what: 'a method of another era', ask: modern('ping'), status: 404, code: -32601 },
  {
    what: 'an unknown version',
    ask: withBody(
      list.body.replace('2026-07-28', '2099-01-01'),
      withHeader({ 'mcp-protocol-version': '2099-01-01' }),
    ),
    status: 400,
    code: -32022,
  },
  {
    what: 'a version header that lies',
    ask: withHeader({ 'mcp-protocol-version': '2099-01-01' }),
    status: 400,
    code: -32020,
  },
  { what: 'a method header that lies', ask: withHeader({ 'mcp-method': 'ping' }), status: 400, code: -32020 },
  {
    what: 'a name header that lies',
    ask: withHeader({ 'mcp-name': 'whoami' }, call),
    status: 400,
    code: -32020,
  },
  {
    what: 'a foreign Origin',
    ask: withHeader({ origin: 'https://evil.example' }),
    status: 403,
    code: 'origin_not_allowed',
  },
  { what: 'an opaque Origin', ask: withHeader({ origin: 'null' }), status: 403, code: 'origin_not_allowed' },
  {
    what: 'an Origin of another port',
    ask: withHeader({ origin: 'https://localhost:1' }),
    status: 403,
    code: 'origin_not_allowed',
  },
  {
    what: 'a page of another site',
    ask: withHeader({ 'sec-fetch-site': 'cross-site' }),
    status: 403,
    code: 'origin_not_allowed',
  },
  {
    what: 'a page of another port',
    ask: withHeader({ 'sec-fetch-site': 'same-site' }),
    status: 403,
    code: 'origin_not_allowed',
  },
  {
    what: 'a foreign Host',
    ask: withHeader({ host: 'evil.example' }),
    status: 403,
    code: 'host_not_allowed',
  },
  {
    what: 'a Host made of ours',
    ask: withHeader({ host: 'localhost.evil.example' }),
    status: 403,
    code: 'host_not_allowed',
  },
  {
    what: 'a Host of every interface',
    ask: withHeader({ host: '0.0.0.0' }),
    status: 403,
    code: 'host_not_allowed',
  },
  { what: 'an unknown legacy session', ask: legacy('tools/list', {}, 'nobody'), status: 404, code: -32001 },
  { what: 'a legacy request without a session', ask: legacy('tools/list'), status: 400, code: -32000 },
  {
    what: 'DELETE of an unknown legacy session',
    ask: { method: 'DELETE', headers: { 'mcp-session-id': 'nobody' } },
    status: 404,
    code: -32001,
  },
  { what: 'GET without a session', ask: { method: 'GET' }, status: 405, code: -32000 },
  { what: 'PUT', ask: { ...list, method: 'PUT' }, status: 405, code: 'method_not_allowed' },
  {
    what: 'a batch of 51',
    ask: withBody(JSON.stringify(Array.from({ length: 51 }, () => ({})))),
    status: 400,
    code: -32600,
  },
  { what: 'an empty batch', ask: withBody('[]'), status: 400, code: -32600 },
  { what: 'a number', ask: withBody('5'), status: 400, code: -32600 },
  {
    what: 'arguments that are a list',
    ask: modern('tools/call', { name: 'whoami', arguments: [] }),
    status: 400,
    code: -32602,
  },
  { what: 'a name that is no string', ask: modern('tools/call', { name: 5 }), status: 400, code: -32602 },
  {
    what: 'a resource that does not exist',
    ask: modern('resources/read', { uri: 'note://none' }),
    status: 200,
    code: -32602,
  },
  {
    what: 'a resource of no family',
    ask: modern('resources/read', { uri: 'file:///etc/passwd' }),
    status: 200,
    code: -32602,
  },
  {
    what: 'a prompt without its argument',
    ask: modern('prompts/get', { name: 'summarize_note' }),
    status: 200,
    code: -32602,
  },
  {
    what: 'a path that does not exist',
    ask: { path: '/mcp/', method: 'GET' },
    status: 404,
    code: 'not_found',
  },
  {
    what: 'login on the door for certificates',
    ask: { path: '/login', method: 'GET' },
    status: 404,
    code: 'not_found',
  },
]

function codeOf(answer: Answer): unknown {
  const { error } = answer.json() as { error: string | { code: number } }
  return typeof error === 'string' ? error : error.code
}

for (const row of rows.filter(({ code }) => code === -32700 || code === 'body_too_large'))
  test(`ASVS 16.3.3: ${row.what}: on record`, async () => {
    const answer = await ask({ ...credentials, ...row.ask })
    const id = answer.headers['x-request-id']
    const event = await server.event('request.refused', ({ requestId }) => requestId === id)
    assert.equal(event.reason, 'request_malformed')
  })

for (const { what, ask: asked, status, code } of rows)
  test(`${what}: ${status} and ${code}`, async () => {
    const answer = await ask({ ...credentials, ...asked })
    assert.equal(answer.status, status, answer.body)
    assert.equal(codeOf(answer), code, answer.body)
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
    assert.doesNotMatch(answer.body, /\bat .*:\d+|node_modules|\.ts\b|ZodError|Invalid input|invalid_type/)
  })

test('two Host headers are refused, whichever is ours', async () => {
  for (const host of [
    ['localhost', 'evil.example'],
    ['evil.example', 'localhost'],
  ]) {
    const answer = await ask({ ...credentials, ...list, headers: { ...list.headers, host } })
    assert.equal(answer.status, 400)
  }
})

test('nothing of this was the server’s own fault', () => {
  assert.deepEqual(server.problems, [])
})
