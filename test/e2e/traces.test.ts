import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { defineTool } from '../../src/mcp/tool.ts'
import { openTelemetry, type TelemetryOptions } from '../../src/telemetry.ts'
import { ask, INITIALIZE, legacy, modern, type Answer } from '../support/clients.ts'
import { startCollector, type Collector, type ReceivedSpan } from '../support/collector.ts'
import { startServer, type TestServer } from '../support/server.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const OTHER = 'ffffffffffffffffffffffffffffffff'
const traceparent = `00-${TRACE}-${PARENT}-01`

const burst = defineTool({
  name: 'burst',
  description: 'Throws.',
  inputSchema: z.looseObject({}),
  permission: 'burst:call',
  run() {
    throw new Error('canary of an exception')
  },
})

interface Setting {
  readonly server: TestServer
  readonly collector: Collector
  readonly problems: readonly unknown[]
  readonly send: (message: ReturnType<typeof modern>, headers?: Record<string, string>) => Promise<Answer>
  /** Closes the server, then delivers what waits. */
  finish(): Promise<readonly ReceivedSpan[]>
}

async function setting(
  t: TestContext,
  options: Partial<TelemetryOptions> = {},
  collectorStatus = 200,
): Promise<Setting> {
  const collector = await startCollector(t, collectorStatus)
  const problems: unknown[] = []
  const telemetry = await openTelemetry({
    endpoint: collector.url,
    serviceName: 'under test',
    sampleRatio: 1,
    withPrincipal: false,
    onProblem: (error) => problems.push(error),
    ...options,
  })
  const server = await startServer({ tracing: telemetry.tracing, catalog: { tools: [burst] } })
  const credentials = {
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    ...(await server.authority.client('admin-cli')),
  }
  let isOpen = true
  const finish = async (): Promise<readonly ReceivedSpan[]> => {
    if (isOpen) await server.close()
    isOpen = false
    await telemetry.close()
    return collector.spans
  }
  t.after(finish)
  const send: Setting['send'] = async (message, headers = {}) =>
    ask({ ...credentials, ...message, headers: { ...message.headers, ...headers } })
  return { server, collector, problems, send, finish }
}

const call = (name: string, args = {}, meta = {}): ReturnType<typeof modern> => {
  const message = modern('tools/call', { name, arguments: args })
  const body = JSON.parse(message.body) as { params: { _meta: object } }
  Object.assign(body.params._meta, meta)
  return { ...message, body: JSON.stringify(body) }
}

test('one span of the server for a request, its steps below it, in the trace of the caller', async (t) => {
  const { server, collector, send, finish } = await setting(t)
  const begun = Date.now()
  const answer = await send(call('time_now'), { traceparent, tracestate: 'vendor=1' })
  const spans = await finish()
  const ended = Date.now()
  const [root, ...others] = spans.filter(({ kind }) => kind === 2)
  assert.ok(root !== undefined && others.length === 0)
  assert.deepEqual(
    [root.name, root.traceId, root.parentSpanId, root.traceState, root.status],
    ['tools/call', TRACE, PARENT, 'vendor=1', 0],
  )
  assert.deepEqual(root.attributes, {
    'rpc.system': 'jsonrpc',
    'rpc.method': 'tools/call',
    'mcp.method.name': 'tools/call',
    'sallyport.door': 'certificates',
    'sallyport.request_id': answer.headers['x-request-id'],
    'sallyport.decision': 'allow',
    'sallyport.reason': 'none',
    'http.response.status_code': 200,
  })
  const below = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId)
  assert.deepEqual(
    below.toSorted((one, other) => one.startedAt - other.startedAt).map(({ name }) => name),
    ['authenticate', 'decide', 'record', 'run'],
  )
  assert.equal(spans.length, 5)
  for (const span of spans) {
    assert.equal(span.traceId, TRACE)
    assert.ok(
      span.startedAt <= span.endedAt && root.startedAt <= span.startedAt && span.endedAt <= root.endedAt + 1,
    )
  }
  assert.ok(begun - 5 <= root.startedAt && root.endedAt <= ended + 5, 'times are of the machine’s clock')
  assert.equal(collector.resource()['service.name'], 'under test')
  for (const name of ['tool.decided', 'tool.finished'] as const)
    assert.equal((await server.event(name)).trace, TRACE, 'on record, too')
})

test('a message says itself which trace it is of; the header is only of the connection between', async (t) => {
  const { send, finish } = await setting(t)
  await send(call('time_now', {}, { traceparent }), { traceparent: `00-${OTHER}-${PARENT}-01` })
  for (const { traceId } of await finish()) assert.equal(traceId, TRACE)
})

test('what is malformed begins a trace of our own, and is passed on nowhere', async (t) => {
  const { server, send, collector, finish } = await setting(t)
  const bad = `00-${'0'.repeat(32)}-${PARENT}-01`
  await send(call('time_now', {}, { traceparent: 'canary' }), { traceparent: bad, tracestate: 'canary=1' })
  const root = (await finish()).find(({ kind }) => kind === 2)
  assert.match(root?.traceId ?? '', /^(?!0+$)[0-9a-f]{32}$/)
  assert.ok(root?.parentSpanId === undefined || root.parentSpanId === '')
  assert.equal((await server.event('tool.decided')).trace, root?.traceId)
  assert.doesNotMatch(collector.bodies.join('\n'), /canary/)
})

test('strangers begin no spans, whatever they send', async (t) => {
  const { server, finish } = await setting(t)
  const message = call('time_now')
  const headers = { ...message.headers, traceparent, authorization: 'Bearer sps_nonsense' }
  const port = server.ports.people ?? 0
  assert.equal((await ask({ port, ca: server.authority.rootPem, ...message, headers })).status, 401)
  assert.deepEqual(await finish(), [])
})

test('neither arguments nor names nor principals nor exceptions are in any span', async (t) => {
  const { send, collector, finish } = await setting(t)
  await send(call('burst', { secret: 'canary of an argument' }))
  await send(call('canary_tool'))
  const spans = await finish()
  assert.ok(spans.length > 5)
  assert.doesNotMatch(collector.bodies.join('\n'), /canary|burst|admin-cli|service:/)
  const statuses = spans
    .filter(({ kind }) => kind === 2)
    .map(({ status, attributes }) => [status, attributes['sallyport.reason']])
  assert.deepEqual(statuses, [
    [2, 'none'],
    [0, 'unknown_name'],
  ])
})

test('who calls is said only where that is wanted', async (t) => {
  const { send, finish } = await setting(t, { withPrincipal: true })
  await send(call('time_now'))
  const root = (await finish()).find(({ kind }) => kind === 2)
  assert.equal(root?.attributes['enduser.id'], 'service:admin-cli')
})

test('a caller that samples is followed, and of our own traces the share that is wanted', async (t) => {
  const { server, send, finish } = await setting(t, { sampleRatio: 0 })
  await send(call('time_now'), { traceparent: `00-${OTHER}-${PARENT}-00` })
  await send(call('time_now'))
  await send(call('time_now'), { traceparent })
  const spans = await finish()
  assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [TRACE])
  const traces = server.events.flatMap((event) => (event.event === 'tool.decided' ? [event.trace] : []))
  assert.deepEqual([traces[0], traces[2]], [OTHER, TRACE], 'on record in any case')
})

test('a batch of a 2025-era client is one span, with the steps of each of its calls', async (t) => {
  const { send, finish } = await setting(t)
  const opened = await send(legacy('initialize', { ...INITIALIZE, protocolVersion: '2025-03-26' }))
  const session = String(opened.headers['mcp-session-id'])
  const one = legacy('tools/call', { name: 'time_now', arguments: {} }, session)
  const other = legacy('tools/call', { name: 'whoami', arguments: {} }, session, 2)
  const headers = { ...one.headers, 'mcp-protocol-version': '2025-03-26' }
  await send({ headers, body: `[${one.body},${other.body}]` })
  const spans = await finish()
  const batch = spans.find(({ name }) => name === 'batch')
  const steps = spans.filter(({ parentSpanId }) => parentSpanId === batch?.spanId).map(({ name }) => name)
  assert.deepEqual(steps.toSorted(), ['authenticate', 'decide', 'decide', 'record', 'record', 'run', 'run'])
})

test('without anywhere to send spans to, the trace of the caller is on record all the same; without one, none', async (t) => {
  const server = await startServer()
  t.after(async () => server.close())
  const pair = await server.authority.client('demo')
  const to = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
  const message = call('time_now')
  await ask({ ...to, ...message, headers: { ...message.headers, traceparent } })
  await ask({ ...to, ...message })
  const traces = server.events.flatMap((event) => (event.event === 'tool.decided' ? [event.trace] : []))
  assert.deepEqual(traces, [TRACE, null])
})

test('a collector that refuses is told of once, and costs no request', async (t) => {
  const { send, problems, finish } = await setting(t, {}, 400)
  assert.equal((await send(call('time_now'))).status, 200)
  await finish()
  assert.equal(problems.length, 1)
})
