import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult, type ToolDefinition } from '../../src/mcp/tool.ts'
import type { Policy } from '../../src/access/decision.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint, type TestEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

/** A tool that runs until the test lets go of it, whether its caller is still there or not. */
function held(): {
  tool: ToolDefinition
  signals: AbortSignal[]
  started(calls: number): Promise<void>
  release(): void
} {
  const gate = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  const waiting = new Set<() => void>()
  const tool = defineTool({
    name: 'hold',
    description: 'Runs until it is let go.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run(_args, { signal }) {
      signals.push(signal)
      for (const look of waiting) look()
      await gate.promise
      return textResult('held')
    },
  })
  const started = async (calls: number) =>
    new Promise<void>((resolve) => {
      const look = () => signals.length >= calls && resolve()
      waiting.add(look)
      look()
    })
  return { tool, signals, started, release: gate.resolve }
}

async function initialized({ send }: TestEndpoint, principal?: string): Promise<string> {
  const sent = send(legacy('initialize', INITIALIZE), principal)
  const answer = await sent.answer
  assert.ok(answer.kind === 'response')
  await sent.text()
  return answer.response.headers.get('mcp-session-id') ?? assert.fail('no session')
}

function batchOf(session: string, ...methods: [string, Record<string, unknown>][]) {
  const { headers } = legacy('tools/list', {}, session)
  const messages = methods.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }))
  return { headers, body: JSON.stringify(messages) }
}

const hold = modern('tools/call', { name: 'hold' })
const list = modern('tools/list')

test('who is over a limit costs no body', async () => {
  const { send } = testEndpoint({ limits: { requestsPerMinute: 1 } })
  const [first, second] = [send(list), send(list)]
  assert.match(await first.text(), /^200 /)
  assert.equal(await second.text(), 'rate_limited')
  assert.deepEqual([first.wasRead(), second.wasRead()], [true, false])
})

test('a body that is still on its way counts as in flight', async () => {
  const { send } = testEndpoint({ limits: { requestsInFlight: 1 } })
  const body = Promise.withResolvers<string>()
  const slow = send({ ...list, body: body.promise })
  assert.equal(await send(list).text(), 'rate_limited')
  body.resolve(list.body)
  assert.match(await slow.text(), /^200 /)
  assert.match(await send(list).text(), /^200 /)
})

test('every message of a batch is a request: too many of them and none runs', async () => {
  const endpoint = testEndpoint({ limits: { requestsInFlight: 3 } })
  const session = await initialized(endpoint)
  const ping: [string, Record<string, unknown>] = ['ping', {}]
  assert.match(await endpoint.send(batchOf(session, ping, ping, ping)).text(), /^200 /)
  assert.equal(await endpoint.send(batchOf(session, ping, ping, ping, ping)).text(), 'rate_limited')
  assert.match(await endpoint.send(batchOf(session, ping, ping, ping)).text(), /^200 /)
})

test('every message of a batch counts for the rate', async () => {
  const endpoint = testEndpoint({ limits: { requestsPerMinute: 6 }, now: () => 0 })
  const session = await initialized(endpoint)
  assert.match(
    await endpoint.send(batchOf(session, ['ping', {}], ['ping', {}], ['ping', {}])).text(),
    /^200 /,
  )
  assert.equal(
    await endpoint.send(batchOf(session, ['ping', {}], ['ping', {}], ['ping', {}])).text(),
    'rate_limited',
  )
})

test('work that does not stop when its caller leaves still counts as in flight', async () => {
  const { tool, started, release } = held()
  const { send } = testEndpoint({ tools: [tool], limits: { requestsInFlight: 2 } })
  for (let calls = 1; calls <= 2; calls++) {
    const sent = send(hold)
    await started(calls)
    await sent.leave()
  }
  assert.equal(await send(list).text(), 'rate_limited')
  release()
  await ends({ send })
})

test('and so does that of a 2025-era session, in a batch or not', async () => {
  const { tool, started, release } = held()
  const endpoint = testEndpoint({ tools: [tool], limits: { requestsInFlight: 3 } })
  const session = await initialized(endpoint)
  const call: [string, Record<string, unknown>] = ['tools/call', { name: 'hold' }]
  const batch = endpoint.send(batchOf(session, call, call))
  await started(2)
  await batch.leave()
  const single = endpoint.send(legacy('tools/call', { name: 'hold' }, session))
  await started(3)
  await single.leave()
  assert.equal(await endpoint.send(list).text(), 'rate_limited')
  release()
  await ends(endpoint)
})

/** Asks until what was let go of is over; every question is a turn of the event loop. */
async function ends({ send }: Pick<TestEndpoint, 'send'>): Promise<void> {
  while ((await send(list).text()) === 'rate_limited') await new Promise(setImmediate)
}

for (const era of ['2026-07-28', '2025-11-25'])
  test(`in ${era} a tool learns that its caller has left`, async () => {
    const { tool, signals, started, release } = held()
    const endpoint = testEndpoint({ tools: [tool] })
    const params = { name: 'hold' }
    const message = era === '2026-07-28' ? hold : legacy('tools/call', params, await initialized(endpoint))
    const sent = endpoint.send(message)
    await started(1)
    assert.equal(signals[0]?.aborted, false)
    await sent.leave()
    assert.equal(signals[0]?.aborted, true)
    release()
  })

test('a call that its 2025-era client cancels is over: its stream ends, and it counts no longer', async () => {
  const { tool, signals, started, release } = held()
  const endpoint = testEndpoint({ tools: [tool], limits: { requestsInFlight: 2 } })
  const session = await initialized(endpoint)
  const call = endpoint.send(legacy('tools/call', { name: 'hold' }, session, 'call-1'))
  await started(1)
  const { headers } = legacy('', {}, session)
  const method = 'notifications/cancelled'
  const cancel = (requestId: unknown) =>
    endpoint.send({ headers, body: JSON.stringify({ jsonrpc: '2.0', method, params: { requestId } }) }).text()
  assert.match(await cancel('call-2'), /^202 /)
  assert.equal(signals[0]?.aborted, false)
  assert.match(await cancel('call-1'), /^202 /)
  assert.equal(await call.text(), '200 ')
  assert.equal(signals[0]?.aborted, true)
  release()
  await ends(endpoint)
})

test('a decision that cannot be recorded is a refusal, and so is a policy that fails', async () => {
  const { tool } = held()
  const full = testEndpoint({ tools: [tool], failAudit: () => true })
  assert.equal(await full.send(hold).text(), 'store_unavailable')
  assert.equal(full.problems.length, 1)
})

test('lists say nothing of a policy that fails', async () => {
  const { tool } = held()
  const policy = {
    digest: 'sha256:broken',
    rightsOf: () => assert.fail(),
    decide() {
      throw new Error('secret condition')
    },
    listKey: () => undefined,
    mayApprove: () => assert.fail(),
  }
  const endpoint = testEndpoint({ tools: [tool], policy })
  const session = await initialized(endpoint)
  for (const message of [list, legacy('tools/list', {}, session)]) {
    const text = await endpoint.send(message).text()
    assert.match(text, /"tools":\[\]/)
    assert.doesNotMatch(text, /secret/)
  }
})

test('a malformed cursor and a malformed initialize get a dull answer', async () => {
  const endpoint = testEndpoint()
  const session = await initialized(endpoint)
  for (const message of [
    modern('tools/list', { cursor: 5 }),
    legacy('resources/list', { cursor: 5 }, session),
    legacy('initialize', {}),
    legacy('tools/call', { name: 'x', task: 5 }, session),
  ])
    assert.equal(
      await endpoint.send(message).text(),
      '400 {"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params"},"id":1}',
    )
})

test('answers that a client posts to questions nobody asked go nowhere', async () => {
  const endpoint = testEndpoint()
  const session = await initialized(endpoint)
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools: [] } })
  assert.match(await endpoint.send({ headers: legacy('', {}, session).headers, body }).text(), /^202 /)
  assert.match(await endpoint.send({ headers: legacy('').headers, body }).text(), /^400 /)
  assert.deepEqual(endpoint.problems, [])
})

test('a tool is handed who calls, the request id, the signal and the client, and nothing else', async () => {
  const seen: unknown[] = []
  const tool = defineTool({
    name: 'look',
    description: 'Looks at what it is handed.',
    inputSchema: z.strictObject({}),
    permission: 'test:look',
    run(_args, call) {
      seen.push(Object.keys(call).toSorted())
      return textResult('seen')
    },
  })
  const endpoint = testEndpoint({ tools: [tool] })
  await endpoint.send(modern('tools/call', { name: 'look' })).text()
  assert.deepEqual(seen, [['client', 'context', 'requestId', 'signal']])
})

test('arguments are frozen through and through before they are decided on', async () => {
  const frozen: unknown[] = []
  const tool = defineTool({
    name: 'look',
    description: 'Looks at what it is handed.',
    inputSchema: z.strictObject({ list: z.array(z.strictObject({ a: z.string() })) }),
    permission: 'test:look',
    run(args) {
      frozen.push(...[args, args.list, args.list[0]].map((part) => Object.isFrozen(part)))
      return textResult('seen')
    },
  })
  const decided: unknown[] = []
  const policy: Policy = {
    ...policyOf(),
    decide(_context, _request, args) {
      decided.push(Object.isFrozen(args))
      return { kind: 'allow', limits: [], shadow: [] }
    },
  }
  const endpoint = testEndpoint({ tools: [tool], policy })
  await endpoint.send(modern('tools/call', { name: 'look', arguments: { list: [{ a: 'b' }] } })).text()
  assert.deepEqual(decided, [true])
  assert.deepEqual(frozen, [true, true, true])
})

test('nothing is done for who left while the decision was put on record', async () => {
  const { tool, signals } = held()
  const endpoint: TestEndpoint = testEndpoint({
    tools: [tool],
    failAudit({ event }) {
      if (event === 'tool.decided') void sent.leave()
      return false
    },
  })
  const sent = endpoint.send(hold)
  await sent.answer.catch(() => undefined)
  while (endpoint.events.length < 2) await new Promise(setImmediate)
  const [, finished] = endpoint.events
  assert.ok(finished?.event === 'tool.finished' && finished.outcome === 'exception')
  assert.deepEqual(signals, [])
})

test('an endpoint that is closed answers what runs no more, and serves nobody', async () => {
  const { tool, signals, started, release } = held()
  const endpoint = testEndpoint({ tools: [tool] })
  const session = await initialized(endpoint)
  const sent = endpoint.send(legacy('tools/call', { name: 'hold' }, session))
  await started(1)
  await endpoint.endpoint.close()
  assert.equal(await sent.text(), '200 ')
  assert.equal(signals[0]?.aborted, true)
  assert.match(await endpoint.send(legacy('tools/list', {}, session)).text(), /^404 /)
  release()
})
