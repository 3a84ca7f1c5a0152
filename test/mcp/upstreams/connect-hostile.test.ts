import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { Progress } from '../../../src/mcp/calling-client.ts'
import type { UpstreamAnswer } from '../../../src/mcp/upstreams/connection.ts'
import { messageOf } from '../../../src/mcp/upstreams/peer-message.ts'
import {
  callOf,
  dial,
  dialed,
  DISCOVERED,
  httpTransport,
  INITIALIZED,
  modernServer,
  rawServer,
  say,
  STDIO,
  stream,
  streamed,
  upstreamOptions,
  type Changed,
  type Dialed,
  type Got,
} from '../../support/dialed.ts'

async function modern(
  t: TestContext,
  answer: (got: Got, response: ServerResponse) => void,
  changed?: Changed,
): Promise<Dialed> {
  return dialed(t, upstreamOptions(httpTransport(await modernServer(t, answer)), changed))
}

async function told(
  t: TestContext,
  answer: (got: Got, response: ServerResponse) => void,
): Promise<UpstreamAnswer> {
  const { connection } = await modern(t, answer)
  return connection.request(callOf('x', { timeout: 2_000 }))
}

const json = { 'content-type': 'application/json' }
const BYTES = 1_000_000

test('a result longer than it may be is cut off while it comes, whatever length it claims', async (t) => {
  for (const type of ['application/json', 'text/event-stream'])
    for (const hasLength of [true, false]) {
      let written = 0
      const gone = Promise.withResolvers<void>()
      const answer = await told(t, (_got, response) => {
        response.once('close', () => gone.resolve())
        response.writeHead(200, {
          'content-type': type,
          ...(hasLength ? { 'content-length': '100000000' } : {}),
        })
        const piece = Buffer.alloc(65_536, type === 'application/json' ? '[' : 'data: x')
        const write = (): void => {
          while (!response.destroyed && written < 1e8) {
            written += piece.length
            if (!response.write(piece)) return void response.once('drain', write)
          }
        }
        write()
      })
      assert.deepEqual(answer, { kind: 'too_large' }, type)
      await gone.promise
      // What the kernel keeps on the way is not ours.
      assert.ok(written < 20 * BYTES, String(written))
    }
})

test('on standard streams a line that is too long is kept by nobody, and its call is told', async (t) => {
  const process = streamed()
  const options = upstreamOptions(STDIO, { era: '2026-07-28' })
  process.input.on('data', (chunk: Buffer) => {
    for (const line of String(chunk).trim().split('\n')) {
      const { id, method } = JSON.parse(line) as Got
      if (method === 'server/discover')
        process.output.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: DISCOVERED })}\n`)
    }
  })
  const { connection, lines } = await dialed(t, options, process)
  const calls = [connection.request(callOf('a')), connection.request(callOf('b'))]
  const flood = Buffer.alloc(100_000, 'x')
  process.output.write('{"jsonrpc":"2.0","result":{"x":"')
  for (let index = 0; index < 200; index++)
    if (!process.output.write(flood)) await once(process.output, 'drain')
  process.output.write('"},"id":2}\n')
  assert.deepEqual(await calls[0], { kind: 'too_large' })
  assert.equal(connection.inFlight(), 1)
  process.output.write(`{"id":3,"jsonrpc":"2.0","result":{"x":"${'y'.repeat(2 * BYTES)}"}}\n`)
  assert.deepEqual(await calls[1], { kind: 'too_large' })
  process.output.write(`${'z'.repeat(2 * BYTES)}\n{"jsonrpc":"2.0","id":4,"result":{"a":1,"a":2}}\n`)
  const last = connection.request(callOf('c'))
  process.output.write('{"jsonrpc":"2.0","id":4,"result":{"ok":true}}\n')
  assert.deepEqual(await last, { kind: 'result', result: { ok: true } })
  assert.equal(lines.length, 2)
})

test('what is not JSON is told of a few times, however often it comes', async (t) => {
  const process = streamed()
  process.input.once('data', (chunk: Buffer) => {
    const { id } = JSON.parse(String(chunk)) as Got
    process.output.write(`npm notice\n`.repeat(10_000))
    process.output.write(Buffer.from([0xff, 0xfe, 0x0a]))
    process.output.write(`\n\r\n${JSON.stringify({ jsonrpc: '2.0', id, result: DISCOVERED })}\n`)
  })
  const { lines } = await dialed(t, upstreamOptions(STDIO, { era: '2026-07-28' }), process)
  assert.equal(lines.length, 20)
  assert.ok(lines.every((line) => !line.includes('npm')))
})

test('a result of 10 MB comes whole, where it may', async (t) => {
  const text = 'ä'.repeat(5_000_000)
  for (const isStream of [false, true]) {
    const { connection } = await modern(
      t,
      ({ id }, response) => {
        if (isStream) stream(response)({ id, result: { text } })
        else say(response, { jsonrpc: '2.0', id, result: { text } })
        response.end()
      },
      { bytes: 16_000_000 },
    )
    const answer = await connection.request(callOf('x'))
    assert.ok(answer.kind === 'result' && answer.result['text'] === text)
  }
})

test('10,000 progress notifications: a few are passed on, and the last', async (t) => {
  const { connection } = await modern(t, ({ id }, response) => {
    const tell = stream(response)
    for (let progress = 1; progress <= 10_000; progress++)
      tell({ method: 'notifications/progress', params: { progressToken: id, progress } })
    for (let line = 0; line < 1_000; line++)
      tell({ method: 'notifications/message', params: { level: 'info', data: line } })
    tell({ id, result: {} })
    response.end()
  })
  const seen: Progress[] = []
  const lines: unknown[] = []
  const answer = await connection.request(
    callOf('x', { onProgress: (one) => void seen.push(one), onLog: ({ data }) => void lines.push(data) }),
  )
  assert.equal(answer.kind, 'result')
  assert.ok(seen.length >= 2 && seen.length <= 60, String(seen.length))
  assert.equal(seen.at(-1)?.progress, 10_000)
  assert.ok(lines.length <= 40, String(lines.length))
})

test('what is much work to read gets a part of the time alone', async (t) => {
  const keys = Array.from({ length: 50_000 }, (_, at) => `"\\u0061${at}":1`).join(',')
  const text = `{"jsonrpc":"2.0","method":"notifications/none","params":{${keys}}}`
  const { connection } = await modern(t, ({ id }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let progress = 0
    const write = (): void => {
      while (!response.destroyed) {
        const params = { progressToken: id, progress: ++progress }
        const step = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
        if (!response.write(`data: ${text}\n\ndata: ${step}\n\n`)) return void response.once('drain', write)
      }
    }
    write()
  })
  const times = Array.from({ length: 8 }, () => {
    const began = performance.now()
    messageOf(text)
    return performance.now() - began
  })
  const each = Math.min(...times)
  const seen: Progress[] = []
  const onProgress = (one: Progress): void => void seen.push(one)
  assert.equal((await connection.request(callOf('x', { timeout: 1_000, onProgress }))).kind, 'timeout')
  const spent = each * (seen.at(-1)?.progress ?? Number.NaN)
  // A fifth, twice that on a busy machine, and what one message is more.
  assert.ok(spent < 400 + each, `${spent} ms of 1000`)
})

test('a stream that tells and never answers ends with the time there is', async (t) => {
  const gone = Promise.withResolvers<void>()
  const { connection } = await modern(t, ({ id }, response) => {
    const tell = stream(response)
    const timer = setInterval(
      () => tell({ method: 'notifications/progress', params: { progressToken: id, progress: 1 } }),
      1,
    )
    response.once('close', () => {
      clearInterval(timer)
      gone.resolve()
    })
  })
  assert.deepEqual(await connection.request(callOf('x', { timeout: 100 })), { kind: 'timeout' })
  await gone.promise
})

test('one that answers a byte at a time ends with the time there is', async (t) => {
  const { connection } = await modern(t, (_got, response) => {
    response.writeHead(200, json)
    const timer = setInterval(() => response.write('['), 5)
    response.once('close', () => clearInterval(timer))
  })
  assert.deepEqual(await connection.request(callOf('x', { timeout: 100 })), { kind: 'timeout' })
})

test('what is no answer to the request is garbage, and the connection goes on', async (t) => {
  const bodies: readonly string[] = [
    '',
    'nonsense',
    '[]',
    '{"jsonrpc":"2.0","id":1e9,"result":{}}',
    '{"jsonrpc":"2.0","id":ID,"id":ID,"result":{}}',
    '[{"jsonrpc":"2.0","id":ID,"result":{}},{"jsonrpc":"2.0","id":ID,"result":{}}]',
    '{"jsonrpc":"2.0","id":ID,"result":{"__proto__":{}}}',
    '{"jsonrpc":"2.0","id":ID,"result":7}',
    '{"jsonrpc":"2.0","id":ID,"result":{"resultType":"other"}}',
    '{"jsonrpc":"1.0","id":ID,"result":{}}',
    `{"jsonrpc":"2.0","id":ID,"result":{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}}`,
    '{"jsonrpc":"2.0","id":ID,"result":{"text":"\u00ff"}}',
  ]
  let next = 0
  const { connection } = await modern(t, ({ id }, response) => {
    const body = bodies[next++]?.replaceAll('ID', String(id)) ?? ''
    // What has another character than ASCII is no UTF-8.
    response.writeHead(200, json).end(Buffer.from(body, 'latin1'))
  })
  for (const body of bodies) {
    const answer = await connection.request(callOf('x'))
    assert.equal(answer.kind, 'garbage', `${body.slice(0, 80)} ${JSON.stringify(answer)}`)
  }
  for (const [headers, kind] of [
    [{ 'content-type': 'text/html' }, 'garbage'],
    [{ ...json, 'content-encoding': 'gzip' }, 'garbage'],
  ] as const) {
    const answer = await told(t, ({ id }, response) =>
      response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id, result: {} })),
    )
    assert.equal(answer.kind, kind)
  }
})

test('an input_required is of the methods that may have one', async (t) => {
  const { connection } = await modern(t, ({ id }, response) =>
    say(response, { jsonrpc: '2.0', id, result: { resultType: 'input_required', inputRequests: {} } }),
  )
  assert.equal((await connection.request(callOf('x'))).kind, 'result')
  assert.equal((await connection.request(callOf('x', { method: 'tools/list', params: {} }))).kind, 'garbage')
})

test('answers and questions on the stream of another call do nothing', async (t) => {
  const waiting = new Map<
    string,
    { id: unknown; tell: (message: object) => void; response: ServerResponse }
  >()
  const both = Promise.withResolvers<void>()
  const { connection } = await modern(t, ({ id, params }, response) => {
    waiting.set(String(params?.['name']), { id, tell: stream(response), response })
    if (waiting.size === 2) both.resolve()
  })
  const seen: unknown[] = []
  const hearing = {
    onProgress: (one: Progress) => void seen.push(one),
    // A server of 2026-07-28 asks nothing.
    onAsk: async (request: object) => {
      seen.push(request)
      return { kind: 'unanswered' } as const
    },
  }
  const calls = [connection.request(callOf('a', hearing)), connection.request(callOf('b', hearing))]
  await both.promise
  const [a, b] = [waiting.get('a'), waiting.get('b')]
  assert.ok(a !== undefined && b !== undefined)
  b.tell({ id: a.id, result: { stolen: true } })
  b.tell({ method: 'notifications/progress', params: { progressToken: a.id, progress: 1 } })
  b.tell({ id: 1, method: 'elicitation/create', params: {} })
  b.tell({ id: b.id, result: { own: 'b' } })
  b.tell({ id: b.id, result: { own: 'again' } })
  assert.deepEqual(await calls[1], { kind: 'result', result: { own: 'b' } })
  a.tell({ id: a.id, result: { own: 'a' } })
  assert.deepEqual(await calls[0], { kind: 'result', result: { own: 'a' } })
  assert.deepEqual(seen, [])
})

test('closing in the middle is no answer, and may have been acted on', async (t) => {
  for (const type of ['application/json', 'text/event-stream']) {
    const answer = await told(t, (_got, response) => {
      response.writeHead(200, { 'content-type': type })
      response.write('data: {"jsonrpc"', () => response.socket?.destroy())
    })
    assert.ok(answer.kind === 'down' && answer.sent, JSON.stringify(answer))
  }
  const ended = await told(t, (_got, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(),
  )
  assert.ok(ended.kind === 'down' && ended.sent)
})

test('a redirect is not followed', async (t) => {
  let followed = 0
  const elsewhere = await rawServer(t, (_got, response) => {
    followed++
    say(response, {})
  })
  for (const status of [301, 302, 303, 307, 308]) {
    const answer = await told(t, (_got, response) =>
      response.writeHead(status, { location: elsewhere }).end(),
    )
    assert.deepEqual(answer, { kind: 'refused', status, why: `it answered with HTTP ${status}` })
  }
  assert.equal(followed, 0)
})

test('a flood of pings and questions is answered a few at a time, most of it never; the call goes on', async (t) => {
  const answers: unknown[] = []
  const held: ServerResponse[] = []
  const url = await rawServer(t, ({ id, method, result }, response, request) => {
    if (request.method !== 'POST') response.writeHead(405).end()
    else if (method === 'initialize') say(response, { jsonrpc: '2.0', id, result: INITIALIZED })
    else if (method === 'notifications/initialized') response.writeHead(202).end()
    else if (method === 'tools/call') {
      const tell = stream(response)
      for (let ask = 0; ask < 100; ask++) tell({ id: ask, method: 'sampling/createMessage', params: {} })
      for (let ping = 0; ping < 5_000; ping++) tell({ id: `p${ping}`, method: 'ping' })
      tell({ id, result: {} })
    } else {
      answers.push(result)
      held.push(response)
    }
  })
  const { connection } = await dialed(t, upstreamOptions(httpTransport(url), { era: '2025-11-25' }))
  let asks = 0
  const answer = await connection.request(
    callOf('x', {
      onAsk: async (_request, signal) => {
        asks++
        await once(signal, 'abort')
        return { kind: 'unanswered' }
      },
    }),
  )
  assert.equal(answer.kind, 'result')
  assert.equal(asks, 8)
  const [atOnce, waiting] = [8, 256]
  while (answers.length < atOnce) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(answers.length, atOnce)
  const release = (): void => {
    for (const response of held.splice(0)) response.writeHead(202).end()
  }
  while (answers.length < atOnce + waiting) {
    release()
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let turn = 0; turn < 100; turn++) {
    release()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(answers.length, atOnce + waiting)
})

test('what an upstream says of itself is bounded', async (t) => {
  const discovered = (over: object) => async () => {
    const url = await rawServer(t, ({ id }, response) =>
      say(response, { jsonrpc: '2.0', id, result: { ...DISCOVERED, ...over } }),
    )
    return (await dial(upstreamOptions(httpTransport(url)))).connected
  }
  const long = await discovered({
    instructions: '€'.repeat(10_000),
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'n\n'.repeat(1_000), version: 7 } },
  })()
  assert.ok(long.kind === 'connected')
  const { greeting } = long.connection
  assert.equal(greeting.instructions, '€'.repeat(5_461))
  assert.equal(greeting.name.length, 256)
  assert.equal(greeting.version, '')
  await long.connection.close()
  for (const over of [{ capabilities: { x: 'y'.repeat(20_000) } }, { capabilities: 7 }])
    assert.equal((await discovered(over)()).kind, 'failed')
})

test('50,000 tools, in one page or in many, are only as long as they may be', async (t) => {
  const tools = Array.from({ length: 50_000 }, (_, index) => ({ name: `tool_${index}`, inputSchema: {} }))
  const { connection } = await modern(t, ({ id }, response) =>
    say(response, { jsonrpc: '2.0', id, result: { tools } }),
  )
  const list = callOf('', { method: 'tools/list', params: {}, repeatable: true })
  assert.deepEqual(await connection.request(list), { kind: 'too_large' })
  assert.deepEqual(await connection.request(list), { kind: 'too_large' })
})

test('a status that says no is an answer, one that says trouble is none', async (t) => {
  const of = async (status: number): Promise<UpstreamAnswer> =>
    told(t, (_got, response) => response.writeHead(status).end())
  for (const status of [400, 403, 404, 429])
    assert.deepEqual(await of(status), { kind: 'refused', status, why: `it answered with HTTP ${status}` })
  assert.deepEqual(await of(401), {
    kind: 'refused',
    status: 401,
    why: 'it answered with HTTP 401: check the credential that it is sent ("headers")',
  })
  for (const status of [500, 502, 503])
    assert.deepEqual(await of(status), {
      kind: 'down',
      sent: true,
      why: `it answered with HTTP ${status}`,
    })
})
