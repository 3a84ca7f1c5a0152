import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { McpServer as FirstServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio, StdioServerTransport as SecondTransport } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'
import type { Progress } from '../../../src/mcp/calling-client.ts'
import {
  callOf,
  dial,
  dialed,
  DISCOVERED,
  INITIALIZED,
  STDIO,
  streamed,
  upstreamOptions,
  type Changed,
  type Dialed,
  type Got,
  type Streamed,
} from '../../support/dialed.ts'

/** A server that does as the test says with each line. */
function raw(t: TestContext, answer: (got: Got, say: (message: object) => void) => void): Streamed {
  const process = streamed()
  const say = sayTo(process.output)
  const lines = createInterface({ input: process.input })
  lines.on('line', (line) => answer(JSON.parse(line) as Got, say))
  t.after(() => lines.close())
  return process
}

function sayTo(output: Writable): (message: object) => void {
  return (message) => void output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

/** A raw server of the 2025 era. */
async function legacy(
  t: TestContext,
  answer: (got: Got, say: (message: object) => void) => void,
  changed: Changed = {},
): Promise<Dialed & Streamed> {
  const process = raw(t, (got, say) => {
    if (got.method === 'initialize') say({ id: got.id, result: INITIALIZED })
    else if (got.method !== 'notifications/initialized') answer(got, say)
  })
  const connected = await dialed(t, upstreamOptions(STDIO, { era: '2025-11-25', ...changed }), process)
  return { ...process, ...connected }
}

test('a server of SDK 1.x over standard streams, found by itself', async (t) => {
  const process = streamed()
  const server = new FirstServer({ name: 'first', version: '1' }, { capabilities: { logging: {} } })
  server.registerTool('count', { inputSchema: { to: z.number() } }, async ({ to }, extra) => {
    for (let progress = 1; progress <= to; progress++)
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken: extra._meta?.progressToken ?? 0, progress },
      })
    return { content: [{ type: 'text', text: `${to}` }] }
  })
  await server.connect(new StdioServerTransport(process.input, process.output))
  t.after(() => server.close())
  const { connection } = await dialed(t, upstreamOptions(STDIO), process)
  assert.equal(connection.era, '2025-11-25')
  assert.equal(connection.greeting.name, 'first')
  const seen: Progress[] = []
  const params = { name: 'count', arguments: { to: 3 } }
  const answer = await connection.request(callOf('', { params, onProgress: (one) => void seen.push(one) }))
  assert.deepEqual(answer, { kind: 'result', result: { content: [{ type: 'text', text: '3' }] } })
  assert.deepEqual(seen, [{ progress: 1 }, { progress: 2 }, { progress: 3 }])
})

test('a server of SDK 2.x over standard streams is of the newer era, and tells of changes', async (t) => {
  const process = streamed()
  const server = new McpServer(
    { name: 'second', version: '1' },
    { capabilities: { tools: { listChanged: true } } },
  )
  const one = server.registerTool('hello', { inputSchema: z.object({}) }, async () => ({
    content: [{ type: 'text', text: 'hello' }],
  }))
  serveStdio(() => server, { transport: new SecondTransport(process.input, process.output) })
  const { connection, changed } = await dialed(t, upstreamOptions(STDIO), process)
  assert.equal(connection.era, '2026-07-28')
  const answer = await connection.request(callOf('hello'))
  assert.equal(answer.kind, 'result')
  while (changed.length === 0) {
    one.update({ description: 'Another.' })
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(changed[0], 'tools')
})

test('a server that ends on the question is started again, and not asked', async (t) => {
  let second: Streamed | undefined
  const first = raw(t, () => void first.output.end())
  const spawn: typeof first.spawn = async (...args) => {
    if (second === undefined) {
      second = raw(t, ({ id, method }, say) => {
        assert.notEqual(method, 'server/discover')
        if (id !== undefined) say({ id, result: INITIALIZED })
      })
      return first.spawn(...args)
    }
    return second.spawn(...args)
  }
  const { connection } = await dialed(t, upstreamOptions(STDIO), { spawn })
  assert.equal(connection.era, '2025-11-25')
})

test('a server that leaves the question unanswered is an old one', async (t) => {
  const process = raw(t, ({ id, method }, say) => {
    if (method === 'initialize') say({ id, result: INITIALIZED })
  })
  const options = upstreamOptions(STDIO, { limits: { connectTimeout: 300 } })
  const { connection } = await dialed(t, options, process)
  assert.equal(connection.era, '2025-11-25')
})

test('one that says nothing at all is given up in time, and ended', async () => {
  const process = streamed()
  const options = upstreamOptions(STDIO, { limits: { connectTimeout: 100 } })
  const { connected } = await dial(options, process)
  assert.equal(connected.kind, 'failed')
  if (!process.output.destroyed) await once(process.output, 'close')
  const abort = new AbortController()
  const spawn = async () => new Promise<never>(() => undefined)
  const dialing = dial(upstreamOptions(STDIO), { spawn, signal: abort.signal })
  abort.abort()
  assert.equal((await dialing).connected.kind, 'failed')
})

test('what is said late of the call of one principal is not heard in the call of another', async (t) => {
  const { connection, output } = await legacy(t, (got, say) => {
    if (got.method !== 'tools/call') return
    const { name } = got.params ?? {}
    if (name === 'first') return say({ id: got.id, result: {} })
    say({ method: 'notifications/message', params: { level: 'info', data: 'the rest of the first' } })
    say({ id: 'q', method: 'elicitation/create', params: { message: 'of the first' } })
    say({ id: got.id, result: {} })
  })
  const heard = async (principal: string): Promise<readonly unknown[]> => {
    const all: unknown[] = []
    const onAsk = async (request: object) => {
      all.push(request)
      return { kind: 'unanswered' } as const
    }
    const onLog = ({ data }: { data: unknown }) => void all.push(data)
    await connection.request(callOf('second', { principal, onAsk, onLog }))
    return all
  }
  await connection.request(callOf('first', { principal: 'user:ada' }))
  assert.equal((await heard('user:ada')).length, 2)
  assert.deepEqual(await heard('user:bo'), [])
  assert.deepEqual(await heard('user:ada'), [])
  output.end()
})

test('what is asked or logged belongs to the one call that runs, of several to nobody', async (t) => {
  const answers: Got[] = []
  const heard = Promise.withResolvers<void>()
  const calls: Got[] = []
  const { connection, output } = await legacy(t, (got, say) => {
    if (got.method === undefined) {
      answers.push(got)
      if (answers.length === 3) heard.resolve()
      return
    }
    if (got.method !== 'tools/call') return
    calls.push(got)
    if (calls.length === 1) {
      say({ id: 'q1', method: 'elicitation/create', params: { message: 'one', _meta: { x: 1 } } })
      say({ method: 'notifications/message', params: { level: 'info', data: 'one' } })
    }
    if (calls.length === 2) {
      say({ id: 'q2', method: 'elicitation/create', params: { message: 'two' } })
      say({ method: 'notifications/message', params: { level: 'info', data: 'two' } })
      say({ id: 'p', method: 'ping' })
    }
  })
  const asked: unknown[] = []
  const logged: unknown[] = []
  const hearing = {
    onAsk: async (request: object) => {
      asked.push(request)
      return { kind: 'result', result: { action: 'accept' } } as const
    },
    onLog: ({ data }: { data: unknown }) => void logged.push(data),
  }
  const first = connection.request(callOf('a', hearing))
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const second = connection.request(callOf('b', hearing))
  await heard.promise
  assert.deepEqual(asked, [{ method: 'elicitation/create', params: { message: 'one' } }])
  assert.deepEqual(logged, ['one'])
  assert.deepEqual(answers.slice(0, 3), [
    { jsonrpc: '2.0', id: 'q1', result: { action: 'accept' } },
    { jsonrpc: '2.0', id: 'q2', error: { code: -32601, message: 'Nobody can answer this here' } },
    { jsonrpc: '2.0', id: 'p', result: {} },
  ])
  for (const { id } of calls) sayTo(output)({ id, result: { id } })
  assert.deepEqual(
    await Promise.all([first, second]),
    calls.map(({ id }) => ({ kind: 'result', result: { id } })),
  )
})

test('a question ends with its call, and when the server takes it back', async (t) => {
  const aborted: string[] = []
  const answers: Got[] = []
  const { connection } = await legacy(t, (got, say) => {
    if (got.method === undefined) return void answers.push(got)
    if (got.method !== 'tools/call') return
    say({ id: 1, method: 'sampling/createMessage', params: {} })
    say({ id: 2, method: 'roots/list' })
    say({ method: 'notifications/cancelled', params: { requestId: 2 } })
    say({ id: got.id, result: {} })
  })
  const answer = await connection.request(
    callOf('a', {
      onAsk: async ({ method }, signal) => {
        await once(signal, 'abort')
        aborted.push(method)
        return { kind: 'unanswered' }
      },
    }),
  )
  assert.equal(answer.kind, 'result')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(aborted.toSorted(), ['roots/list', 'sampling/createMessage'])
  assert.deepEqual(answers, [])
})

test('answers to other ids, doubled and late ones, and other nonsense are dropped', async (t) => {
  const { connection, lines } = await legacy(t, ({ id, method }, say) => {
    if (method !== 'tools/call') return
    for (const other of [99, 'x', null, -1, String(id)]) say({ id: other, result: { other } })
    say({ method: 'notifications/progress', params: { progressToken: 99, progress: 1 } })
    say({ method: 'notifications/progress', params: { progressToken: id, progress: 'x' } })
    say({ method: 'constructor', params: [] })
    say([])
    say({ id, result: { mine: true } })
    say({ id, result: { mine: false } })
    say({ id, error: { code: 1, message: 'late' } })
  })
  const seen: Progress[] = []
  const one = callOf('a', { onProgress: (progress) => void seen.push(progress) })
  for (let round = 0; round < 3; round++)
    assert.deepEqual(await connection.request(one), { kind: 'result', result: { mine: true } })
  assert.deepEqual(seen, [])
  assert.deepEqual(lines, [])
})

test('what is no answer of the protocol is garbage', async (t) => {
  const wrong: object[] = [
    { result: 1 },
    { result: {}, error: { code: 1, message: '' } },
    {},
    { error: 'x' },
    { error: { code: 'x' } },
  ]
  let next = 0
  const { connection } = await legacy(t, ({ id, method }, say) => {
    if (method === 'tools/call') say({ id, ...wrong[next++] })
  })
  for (const one of wrong) {
    const answer = await connection.request(callOf('a'))
    assert.equal(answer.kind, 'garbage', JSON.stringify([one, answer]))
  }
})

test('errors come through, bounded', async (t) => {
  const { connection } = await legacy(t, ({ id, method }, say) => {
    const data = 'd'.repeat(5_000)
    if (method === 'tools/call')
      say({ id, error: { code: -32050, message: `a\n\u001b[2J${'m'.repeat(2_000)}`, data } })
    if (method === 'prompts/get') say({ id, error: { code: 7, message: 'no', data: { why: 'x' } } })
  })
  const long = await connection.request(callOf('a'))
  assert.ok(long.kind === 'error' && long.code === -32050 && !('data' in long))
  assert.equal(long.message.length, 1_023)
  assert.match(long.message, /^a \[2Jm+$/)
  const short = await connection.request(callOf('a', { method: 'prompts/get' }))
  assert.deepEqual(short, { kind: 'error', code: 7, message: 'no', data: { why: 'x' } })
})

test('watched resources: subscribed to once, told, and given up', async (t) => {
  const asked: string[] = []
  const process = raw(t, ({ id, method = '', params }, say) => {
    if (method === 'initialize')
      return say({ id, result: { ...INITIALIZED, capabilities: { resources: { subscribe: true } } } })
    if (id === undefined) return
    asked.push(`${method} ${String(params?.['uri'])}`)
    say({ id, result: {} })
  })
  const { connection } = await dialed(t, upstreamOptions(STDIO, { era: '2025-11-25' }), process)
  const told: string[] = []
  const stops = [
    connection.watch('a:1', () => told.push('one')),
    connection.watch('a:1', () => told.push('two')),
    connection.watch('a:2', () => assert.fail('it has not changed')),
  ]
  while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve))
  const say = sayTo(process.output)
  say({ method: 'notifications/resources/updated', params: { uri: 'a:1' } })
  say({ method: 'notifications/resources/updated', params: { uri: 'a:9' } })
  while (told.length < 2) await new Promise((resolve) => setImmediate(resolve))
  for (const stop of stops) stop()
  while (asked.length < 4) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(asked, [
    'resources/subscribe a:1',
    'resources/subscribe a:2',
    'resources/unsubscribe a:1',
    'resources/unsubscribe a:2',
  ])
  assert.deepEqual(told, ['one', 'two'])
})

test('resources watched where each request stands alone: one stream, opened anew before the old one ends', async (t) => {
  const asked: unknown[] = []
  const process = raw(t, ({ id, method = '', params }, say) => {
    if (method === 'server/discover')
      return say({ id, result: { ...DISCOVERED, capabilities: { resources: { subscribe: true } } } })
    if (method === 'notifications/cancelled') return void asked.push({ cancelled: params?.['requestId'] })
    assert.equal(method, 'subscriptions/listen')
    asked.push({ id, filter: params?.['notifications'] })
    say({ method: 'notifications/subscriptions/acknowledged', params: { notifications: {} } })
  })
  const { connection } = await dialed(t, upstreamOptions(STDIO), process)
  const told = Promise.withResolvers<void>()
  connection.watch('a:1', told.resolve)
  connection.watch('a:2', () => undefined)
  while (asked.length < 1) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(asked, [{ id: 2, filter: { resourceSubscriptions: ['a:1', 'a:2'] } }])
  connection.watch('a:3', () => undefined)
  while (asked.length < 3) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(asked.slice(1), [
    { id: 3, filter: { resourceSubscriptions: ['a:1', 'a:2', 'a:3'] } },
    { cancelled: 2 },
  ])
  sayTo(process.output)({ method: 'notifications/resources/updated', params: { uri: 'a:1' } })
  await told.promise
  assert.equal(connection.inFlight(), 0)
})

test('a process that is gone answers everything; one that does not read is told no more than it may keep', async (t) => {
  const { connection, output } = await legacy(t, () => undefined)
  const running = [connection.request(callOf('a')), connection.request(callOf('b'))]
  output.destroy()
  for (const answer of await Promise.all(running)) assert.ok(answer.kind === 'down' && answer.sent)
  assert.equal((await connection.request(callOf('c'))).kind, 'down')

  const leaving = await legacy(t, () => undefined)
  leaving.input.destroy()
  const unsent = await leaving.connection.request(callOf('a'))
  assert.ok(unsent.kind === 'down' && !unsent.sent)

  const deaf = streamed()
  const dialing = dial(upstreamOptions(STDIO, { era: '2025-11-25', limits: { inFlight: 1000 } }), deaf)
  const [first] = (await once(deaf.input, 'data')) as [Buffer]
  deaf.input.pause()
  sayTo(deaf.output)({ id: (JSON.parse(String(first)) as Got).id, result: INITIALIZED })
  const { connected } = await dialing
  assert.ok(connected.kind === 'connected')
  const params = { name: 'x', arguments: { text: 'x'.repeat(1_000_000) } }
  const asked = Array.from({ length: 40 }, async () => connected.connection.request(callOf('', { params })))
  const refused = await Promise.race(asked)
  assert.ok(refused.kind === 'down' && !refused.sent, JSON.stringify(refused))
  for (let id = 0; id < 1000; id++) sayTo(deaf.output)({ id, method: 'ping' })
  assert.ok(deaf.input.readableLength + deaf.input.writableLength < 20_000_000)
  await connected.connection.close()
  await Promise.all(asked)
})

test('who is told or asked may throw: the call has its answer', async (t) => {
  const answers: unknown[] = []
  const { connection } = await legacy(t, ({ id, method, error }, say) => {
    if (error !== undefined) answers.push(error)
    if (error !== undefined) say({ id: 2, result: {} })
    if (method !== 'tools/call') return
    say({ method: 'notifications/progress', params: { progressToken: id, progress: 1 } })
    say({ method: 'notifications/message', params: { level: 'info', data: 1 } })
    say({ id: 1, method: 'roots/list' })
  })
  const fail = (): never => {
    throw new Error('mine')
  }
  const answer = await connection.request(callOf('a', { onProgress: fail, onLog: fail, onAsk: fail }))
  assert.equal(answer.kind, 'result')
  assert.deepEqual(answers, [{ code: -32603, message: 'Nobody has answered' }])
})
