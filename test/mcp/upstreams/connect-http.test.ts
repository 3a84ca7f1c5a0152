import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { McpServer as FirstServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'
import type { Progress } from '../../../src/mcp/calling-client.ts'
import { conformanceServers } from '../../conformance/conformance-server.ts'
import { serveHttp, type HttpFixture } from '../../conformance/serve-http.ts'
import {
  callOf,
  dial,
  dialed,
  httpTransport,
  INITIALIZED,
  modernServer,
  rawServer,
  say,
  stream,
  upstreamOptions,
  type Got,
} from '../../support/dialed.ts'

let fixture: HttpFixture
before(async () => {
  fixture = await serveHttp(conformanceServers())
})
after(() => fixture.close())

const ERAS = ['2025-11-25', '2026-07-28'] as const

for (const era of ERAS)
  test(`a real server of ${era}: lists, results, progress, logs, errors`, async (t) => {
    const { connection } = await dialed(t, upstreamOptions(httpTransport(fixture.url), { era }))
    assert.equal(connection.era, era)
    assert.equal(connection.greeting.name, 'conformance')
    const list = await connection.request(callOf('', { method: 'tools/list', params: {}, repeatable: true }))
    assert.ok(
      list.kind === 'result' && Array.isArray(list.result['tools']) && list.result['tools'].length > 10,
    )
    const answer = await connection.request(callOf('test_simple_text'))
    assert.ok(answer.kind === 'result', JSON.stringify(answer))
    assert.deepEqual(answer.result['content'], [
      { type: 'text', text: 'This is a simple text response for testing.' },
    ])
    const progress: Progress[] = []
    const lines: unknown[] = []
    const told = await connection.request(
      callOf('test_tool_with_progress', { onProgress: (one) => void progress.push(one) }),
    )
    assert.equal(told.kind, 'result')
    assert.deepEqual(
      progress.map((one) => one.progress),
      [0, 50, 100],
    )
    const logged = await connection.request(
      callOf('test_tool_with_logging', { logLevel: 'debug', onLog: ({ data }) => void lines.push(data) }),
    )
    assert.equal(logged.kind, 'result')
    assert.equal(lines.length, 3)
    const unknown = await connection.request(callOf('no_such_tool'))
    assert.ok(unknown.kind === 'error' && unknown.code === -32602, JSON.stringify(unknown))
    assert.equal(connection.inFlight(), 0)
  })

test('a server of SDK 1.x with sessions, found by itself', async (t) => {
  const server = new FirstServer({ name: 'first', version: '1' })
  server.registerTool('hello', { inputSchema: { name: z.string() } }, async ({ name }) => ({
    content: [{ type: 'text', text: `hello ${name}` }],
  }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID })
  await server.connect(transport)
  t.after(() => server.close())
  const ended = Promise.withResolvers<void>()
  const url = await rawServer(t, (got, response, request) => {
    if (request.method === 'DELETE') ended.resolve()
    void transport.handleRequest(request, response, got.method === undefined ? undefined : got)
  })
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url)))
  assert.equal(connection.era, '2025-11-25')
  assert.equal(connection.greeting.name, 'first')
  const params = { name: 'hello', arguments: { name: 'Ada' } }
  const answers = await Promise.all([1, 2, 3].map(async () => connection.request(callOf('', { params }))))
  for (const answer of answers)
    assert.deepEqual(answer, { kind: 'result', result: { content: [{ type: 'text', text: 'hello Ada' }] } })
  await connection.close()
  await ended.promise
})

test('the era is found: the newer one where there are both, and the older one where that is all', async (t) => {
  const both = await dialed(t, upstreamOptions(httpTransport(fixture.url)))
  assert.equal(both.connection.era, '2026-07-28')
  const asked: string[] = []
  const url = await rawServer(t, ({ id, method = '' }, response) => {
    if (method !== '') asked.push(method)
    if (method === 'initialize') say(response, { jsonrpc: '2.0', id, result: INITIALIZED })
    else say(response, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No session' } }, 400)
  })
  const old = await dialed(t, upstreamOptions(httpTransport(url)))
  assert.equal(old.connection.era, '2025-11-25')
  assert.deepEqual(asked.slice(0, 3), ['server/discover', 'initialize', 'notifications/initialized'])
  asked.length = 0
  await dialed(t, upstreamOptions(httpTransport(url)), { knownEra: '2025-11-25' })
  assert.equal(asked[0], 'initialize')
})

test('an era that is remembered and wrong is asked for anew', async (t) => {
  const url = await modernServer(t, ({ id }, response) =>
    say(response, { jsonrpc: '2.0', id, error: { code: -32022, message: 'no' } }, 400),
  )
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url)), { knownEra: '2025-11-25' })
  assert.equal(connection.era, '2026-07-28')
})

test('what says nothing about the era is never taken for one', async (t) => {
  for (const status of [401, 403, 302, 500, 503]) {
    const asked: string[] = []
    const url = await rawServer(t, ({ id, method = '' }, response) => {
      asked.push(method)
      response.setHeader('location', 'http://127.0.0.1:1/elsewhere')
      say(response, { jsonrpc: '2.0', id, error: { code: -32601, message: 'x' } }, status)
    })
    const { connected } = await dial(upstreamOptions(httpTransport(url)))
    assert.ok(connected.kind === 'failed', `${status}: ${JSON.stringify(connected)}`)
    assert.match(connected.why, new RegExp(String(status)))
    assert.deepEqual(asked, ['server/discover'], `${status}`)
  }
  const { connected } = await dial(upstreamOptions(httpTransport('http://127.0.0.1:1/')))
  assert.ok(connected.kind === 'failed' && connected.why.includes('ECONNREFUSED'), JSON.stringify(connected))
})

test('what goes up is ours: ids, tokens, envelope, headers; never what the caller could put there', async (t) => {
  const seen: { got: Got; headers: NodeJS.Dict<string | string[]> }[] = []
  const url = await modernServer(t, (got, response, { headers }) => {
    seen.push({ got, headers })
    say(response, { jsonrpc: '2.0', id: got.id, result: { content: [] } })
  })
  const headers = { Authorization: ['Bearer ', { user: 'token' }], 'Mcp-Session-Id': ['lie'], Accept: ['x'] }
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url, { headers })), {
    secrets: { token: 'abc' },
  })
  const answer = await connection.request(
    callOf('täst', {
      meta: {
        traceparent: '00-a-b-01',
        'io.modelcontextprotocol/protocolVersion': 'lie',
        progressToken: 'lie',
      },
      headers: { 'mcp-param-Region': 'eu', 'Mcp-Name': 'lie' },
      clientCapabilities: { elicitation: {} },
      logLevel: 'warning',
      onProgress: () => undefined,
    }),
  )
  assert.equal(answer.kind, 'result')
  const [one] = seen
  assert.equal(one?.headers['authorization'], 'Bearer abc')
  assert.equal(one.headers['mcp-method'], 'tools/call')
  assert.equal(one.headers['mcp-name'], '=?base64?dMOkc3Q=?=')
  assert.equal(one.headers['mcp-param-region'], 'eu')
  assert.equal(one.headers['accept'], 'application/json, text/event-stream')
  assert.equal(one.headers['mcp-session-id'], undefined)
  assert.deepEqual(one.got.params, {
    name: 'täst',
    arguments: {},
    _meta: {
      traceparent: '00-a-b-01',
      progressToken: one.got.id,
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'sallyport', version: '0.1.0' },
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      'io.modelcontextprotocol/logLevel': 'warning',
    },
  })
})

test('a header that lacks its secret, or cannot be sent, is no connection; the secret is not told', async () => {
  const headers = { Authorization: ['Bearer ', { user: 'token' }] }
  for (const secrets of [{}, { token: 'a\r\nx: sesame' }]) {
    const { connected } = await dial(upstreamOptions(httpTransport('http://127.0.0.1:1/', { headers })), {
      secrets,
    })
    assert.ok(connected.kind === 'failed' && /Authorization/.test(connected.why))
    assert.doesNotMatch(connected.why, /sesame/)
  }
})

test('a session that the upstream forgets is opened anew; what may be repeated is, the rest is told so', async (t) => {
  let sessions = 0
  let calls = 0
  const ended: unknown[] = []
  const url = await rawServer(t, ({ id, method }, response, request) => {
    const session = request.headers['mcp-session-id']
    if (request.method === 'DELETE') ended.push(session)
    if (request.method !== 'POST') return response.writeHead(405).end()
    if (method === 'initialize') {
      response.setHeader('mcp-session-id', `s${++sessions}`)
      return say(response, { jsonrpc: '2.0', id, result: INITIALIZED })
    }
    if (id === undefined) return response.writeHead(202).end()
    calls++
    if (session === 's1' || session === 's2')
      return say(response, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'gone' } }, 404)
    assert.equal(request.headers['mcp-protocol-version'], '2025-11-25')
    return say(response, { jsonrpc: '2.0', id, result: { session } })
  })
  const { connection, changed } = await dialed(t, upstreamOptions(httpTransport(url), { era: '2025-11-25' }))
  const lost = await connection.request(callOf('pay'))
  assert.deepEqual(lost, { kind: 'down', sent: false, why: 'it has forgotten the session' })
  assert.equal(sessions, 2)
  assert.deepEqual(changed, ['tools', 'prompts', 'resources'])
  const repeated = await connection.request(callOf('', { method: 'tools/list', repeatable: true }))
  assert.deepEqual(repeated, { kind: 'result', result: { session: 's3' } })
  assert.equal(calls, 3)
  await connection.close()
  assert.deepEqual(ended, ['s3'])
})

for (const era of ERAS)
  test(`a call that is cancelled, or lasts too long, is told upstream: ${era}`, async (t) => {
    const told: Got[] = []
    let gone = 0
    const waiting = Promise.withResolvers<void>()
    const all = Promise.withResolvers<void>()
    const url = await rawServer(t, (got, response, request) => {
      const { id, method } = got
      if (request.method !== 'POST') return response.writeHead(405).end()
      if (method === 'server/discover')
        return say(response, { jsonrpc: '2.0', id, result: { supportedVersions: [era], capabilities: {} } })
      if (method === 'initialize') return say(response, { jsonrpc: '2.0', id, result: INITIALIZED })
      if (id === undefined) {
        told.push(got)
        return response.writeHead(202).end()
      }
      waiting.resolve()
      response.once('close', () => ++gone === 2 && all.resolve())
    })
    const { connection } = await dialed(t, upstreamOptions(httpTransport(url), { era }))
    const abort = new AbortController()
    const cancelled = connection.request(callOf('slow', { signal: abort.signal }))
    await waiting.promise
    abort.abort()
    assert.deepEqual(await cancelled, { kind: 'cancelled' })
    assert.deepEqual(await connection.request(callOf('slow', { timeout: 50 })), { kind: 'timeout' })
    await all.promise
    assert.equal(connection.inFlight(), 0)
    const late = await connection.request(callOf('slow', { signal: AbortSignal.abort() }))
    assert.deepEqual(late, { kind: 'cancelled' })
    if (era === '2025-11-25') while (told.length < 3) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(
      told.map(({ method }) => method),
      era === '2026-07-28'
        ? []
        : ['notifications/initialized', 'notifications/cancelled', 'notifications/cancelled'],
    )
  })

test('an answer whose stream breaks is resumed where the server said how', async (t) => {
  const { connection } = await dialed(t, upstreamOptions(httpTransport(fixture.url), { era: '2025-11-25' }))
  assert.ok(connection.era === '2025-11-25')
  let resumed: unknown
  const url = await rawServer(t, ({ id, method }, response, request) => {
    if (method === 'initialize') return say(response, { jsonrpc: '2.0', id, result: INITIALIZED })
    if (method === 'tools/call') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      resumed = id
      return response.end('id: 7\nretry: 100\ndata:\n\n')
    }
    if (request.headers['last-event-id'] !== '7') return response.writeHead(405).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return response.end(
      `data: ${JSON.stringify({ jsonrpc: '2.0', id: resumed, result: { late: true } })}\n\n`,
    )
  })
  const other = await dialed(t, upstreamOptions(httpTransport(url), { era: '2025-11-25' }))
  assert.deepEqual(await other.connection.request(callOf('x')), { kind: 'result', result: { late: true } })
})

for (const era of ERAS)
  test(`changed lists are told: ${era}`, async (t) => {
    const servers = await serveHttp(conformanceServers())
    t.after(() => servers.close())
    const { connection, changed } = await dialed(t, upstreamOptions(httpTransport(servers.url), { era }))
    // What changes before the upstream is listened to is told to nobody.
    const deadline = Date.now() + 5_000
    while (!changed.includes('tools') && Date.now() < deadline)
      await connection.request(callOf('test_trigger_tool_change'))
    assert.ok(changed.includes('tools'))
  })

test('the questions of a 2025-era server reach the client of the very call', async (t) => {
  const { connection } = await dialed(t, upstreamOptions(httpTransport(fixture.url), { era: '2025-11-25' }), {
    clientCapabilities: { elicitation: {}, sampling: {} },
  })
  const params = { name: 'test_elicitation', arguments: { message: 'Who?' } }
  const ask = async (username: string) =>
    connection.request(
      callOf('', {
        params,
        onAsk: async ({ method }) => {
          assert.equal(method, 'elicitation/create')
          return { kind: 'result', result: { action: 'accept', content: { username, email: 'a@b.c' } } }
        },
      }),
    )
  const answers = await Promise.all(['ada', 'bob', 'cyd'].map(ask))
  for (const [index, name] of ['ada', 'bob', 'cyd'].entries())
    assert.match(JSON.stringify(answers[index]), new RegExp(name))
  const nobody = await connection.request(callOf('', { params }))
  assert.match(JSON.stringify(nobody), /Nobody can answer|rror/)
})

test('a connection that was kept and has gone is no trouble for what may be repeated', async (t) => {
  let count = 0
  const url = await modernServer(t, ({ id }, response, request) => {
    if (++count === 2) request.socket.destroy()
    else say(response, { jsonrpc: '2.0', id, result: { count } })
  })
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url)))
  const list = callOf('', { method: 'tools/list', params: {}, repeatable: true })
  assert.deepEqual(await connection.request(list), { kind: 'result', result: { count: 1 } })
  assert.deepEqual(await connection.request(list), { kind: 'result', result: { count: 3 } })
  count = 1
  const answer = await connection.request(callOf('pay'))
  assert.ok(answer.kind === 'down' && answer.sent, JSON.stringify(answer))
  assert.equal(count, 2)
})

test('so many calls at once, and no more', async (t) => {
  const waiting: (() => void)[] = []
  const url = await modernServer(t, ({ id }, response) => {
    waiting.push(() => say(response, { jsonrpc: '2.0', id, result: {} }))
  })
  const options = upstreamOptions(httpTransport(url), { limits: { inFlight: 2 } })
  const { connection } = await dialed(t, options)
  const running = [connection.request(callOf('a')), connection.request(callOf('b'))]
  assert.deepEqual(await connection.request(callOf('c')), { kind: 'busy' })
  while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve))
  for (const go of waiting) go()
  for (const answer of await Promise.all(running)) assert.equal(answer.kind, 'result')
})

test('closing ends what runs', async (t) => {
  const got = Promise.withResolvers<void>()
  const url = await modernServer(t, () => got.resolve())
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url)))
  const running = connection.request(callOf('a'))
  await got.promise
  await Promise.all([connection.close(), connection.close()])
  assert.deepEqual(await running, { kind: 'down', sent: true, why: 'it was closed' })
  assert.equal(await connection.closed, 'it was closed')
  const late = await connection.request(callOf('b'))
  assert.deepEqual(late, { kind: 'down', sent: false, why: 'it was closed' })
})

test('connections are kept, also where answers are streams that go on for a moment', async (t) => {
  const sockets = new Set<unknown>()
  const url = await modernServer(t, ({ id }, response, request) => {
    sockets.add(request.socket)
    stream(response)({ id, result: {} })
    setImmediate(() => response.end(': the rest\n\n'))
  })
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url)))
  for (let call = 0; call < 12; call++) {
    assert.equal((await connection.request(callOf('x'))).kind, 'result')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  // Which is idle first is a matter of the moment.
  assert.ok(sockets.size <= 6, String(sockets.size))
})
