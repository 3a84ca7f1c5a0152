import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Policy } from '../../src/access/decision.ts'
import type { CallingClient, ClientAnswer } from '../../src/mcp/calling-client.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint, type Sent } from '../support/endpoint.ts'
import { eventsIn, type Events } from '../support/events.ts'
import { heard } from '../support/heard.ts'
import { policyOf } from '../support/server.ts'

const CAPABILITIES = { elicitation: {}, sampling: {}, roots: {} }

/** A tool that asks its client for its roots, and one that says nothing until it is told to. */
function setting() {
  const answers = heard<ClientAnswer>()
  const held = heard<{ client: CallingClient; signal: AbortSignal; go: () => void }>()
  const ask = defineTool({
    name: 'ask',
    description: 'Asks.',
    inputSchema: z.strictObject({}),
    permission: 'test:ask',
    async run(_args, { client, signal }) {
      answers.hear((await client.ask?.({ method: 'roots/list', params: {} }, signal)) ?? assert.fail())
      return textResult('asked')
    },
  })
  const hold = defineTool({
    name: 'hold',
    description: 'Waits.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run(_args, { client, signal }) {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.hear({ client, signal, go: resolve })
      await promise
      return textResult('held')
    },
  })
  const policy: Policy = { ...policyOf(), decide: () => ({ kind: 'allow', limits: [], shadow: [] }) }
  return { ...testEndpoint({ tools: [ask, hold], policy }), answers, held }
}

type Setting = ReturnType<typeof setting>

async function sessionOf({ send }: Setting, principal: string, capabilities: object = CAPABILITIES) {
  const opened = send(legacy('initialize', { ...INITIALIZE, capabilities }), principal)
  const answer = await opened.answer
  assert.ok(answer.kind === 'response')
  await opened.text()
  return answer.response.headers.get('mcp-session-id') ?? assert.fail()
}

async function streamOf(sent: Sent): Promise<Events> {
  const answer = await sent.answer
  assert.ok(answer.kind === 'response')
  return eventsIn(answer.response)
}

/** What a client posts to answer what it was asked. */
function answerTo(id: unknown, session: string) {
  const { headers } = legacy('ping', {}, session)
  return { headers, body: JSON.stringify({ jsonrpc: '2.0', id, result: { roots: [] } }) }
}

test('a question is answered in the session that was asked, by its principal, and nowhere else', async () => {
  const endpoint = setting()
  const [mine, theirs, other] = [
    await sessionOf(endpoint, 'user:alice'),
    await sessionOf(endpoint, 'user:mallory'),
    await sessionOf(endpoint, 'user:alice'),
  ]
  const events = await streamOf(endpoint.send(legacy('tools/call', { name: 'ask' }, mine), 'user:alice'))
  const question = await events.next()
  assert.equal(question['method'], 'roots/list')
  const id = question['id']
  assert.match(await endpoint.send(answerTo(id, mine), 'user:mallory').text(), /^404/)
  assert.match(await endpoint.send(answerTo(id, theirs), 'user:mallory').text(), /^202/)
  assert.match(await endpoint.send(answerTo(id, other), 'user:alice').text(), /^202/)
  assert.equal(endpoint.answers.unheard.length, 0)
  assert.match(await endpoint.send(answerTo(id, mine), 'user:alice').text(), /^202/)
  assert.deepEqual(await endpoint.answers.next(), { kind: 'result', result: { roots: [] } })
})

test('who cancels, or goes away, has not answered', async () => {
  const endpoint = setting()
  const session = await sessionOf(endpoint, 'user:alice')
  const cancelled = await streamOf(
    endpoint.send(legacy('tools/call', { name: 'ask' }, session, 7), 'user:alice'),
  )
  await cancelled.next()
  const { headers, body } = legacy('notifications/cancelled', { requestId: 7 }, session)
  const cancel = JSON.stringify({ ...(JSON.parse(body) as object), id: undefined })
  await endpoint.send({ headers, body: cancel }, 'user:alice').text()
  assert.deepEqual(await endpoint.answers.next(), { kind: 'unanswered' })
  const left = endpoint.send(legacy('tools/call', { name: 'ask' }, session, 8), 'user:alice')
  await (await streamOf(left)).next()
  await left.leave().catch(() => undefined)
  assert.deepEqual(await endpoint.answers.next(), { kind: 'unanswered' })
})

test('an error of the client comes as it said it, bounded', async () => {
  const endpoint = setting()
  const session = await sessionOf(endpoint, 'user:alice')
  const events = await streamOf(endpoint.send(legacy('tools/call', { name: 'ask' }, session), 'user:alice'))
  const { id } = await events.next()
  const error = { code: -1, message: 'x'.repeat(100_000) }
  const { headers } = legacy('ping', {}, session)
  await endpoint.send({ headers, body: JSON.stringify({ jsonrpc: '2.0', id, error }) }, 'user:alice').text()
  assert.deepEqual(await endpoint.answers.next(), { kind: 'error', code: -1, message: 'x'.repeat(1024) })
})

test('a client that has declared nothing is not asked', async () => {
  const endpoint = setting()
  const session = await sessionOf(endpoint, 'user:alice', {})
  const text = await endpoint.send(legacy('tools/call', { name: 'ask' }, session), 'user:alice').text()
  assert.doesNotMatch(text, /roots\/list"/)
  assert.equal((await endpoint.answers.next()).kind, 'error')
})

test('nobody cancels the call of another, in its session or by the same id', async () => {
  const endpoint = setting()
  const mine = await sessionOf(endpoint, 'user:alice')
  const theirs = await sessionOf(endpoint, 'user:mallory')
  const sent = endpoint.send(legacy('tools/call', { name: 'hold' }, mine, 7), 'user:alice')
  const { signal, go } = await endpoint.held.next()
  for (const session of [mine, theirs]) {
    const { headers, body } = legacy('notifications/cancelled', { requestId: 7 }, session)
    const cancel = JSON.stringify({ ...(JSON.parse(body) as object), id: undefined })
    await endpoint.send({ headers, body: cancel }, 'user:mallory').text()
  }
  assert.equal(signal.aborted, false)
  go()
  assert.match(await sent.text(), /held/)
})

test('progress goes to the call that runs, by the token of its client, however others call theirs', async () => {
  const endpoint = setting()
  const callBy = (principal: string) => endpoint.send(modern('tools/call', { name: 'hold' }), principal)
  const withToken = (principal: string) => {
    const { headers, body } = modern('tools/call', { name: 'hold' })
    const message = JSON.parse(body) as { params: { _meta: Record<string, unknown> } }
    message.params._meta['progressToken'] = 'same'
    return endpoint.send({ headers, body: JSON.stringify(message) }, principal)
  }
  const [alice, mallory, silent] = [withToken('user:alice'), withToken('user:mallory'), callBy('user:bob')]
  const calls = [await endpoint.held.next(), await endpoint.held.next(), await endpoint.held.next()]
  calls.forEach(({ client }, at) => client.progress?.({ progress: at + 1 }))
  calls[0]?.client.progress?.({ progress: Number.NaN })
  for (const { go } of calls) go()
  const texts = await Promise.all([alice.text(), mallory.text(), silent.text()])
  assert.deepEqual(
    texts.map((text) => text.match(/"progress":\d+/g)),
    [['"progress":1'], ['"progress":2'], null],
  )
})

test('what is said after the call is over reaches nobody', async () => {
  const endpoint = setting()
  const session = await sessionOf(endpoint, 'user:alice')
  const late = endpoint.send(legacy('tools/call', { name: 'hold' }, session, 9), 'user:alice')
  const { client, go } = await endpoint.held.next()
  go()
  await late.text()
  const next = endpoint.send(legacy('tools/call', { name: 'hold' }, session, 9), 'user:alice')
  const second = await endpoint.held.next()
  client.log({ level: 'error', data: 'of the call before' })
  assert.deepEqual(await client.ask?.({ method: 'roots/list', params: {} }, AbortSignal.timeout(5000)), {
    kind: 'unanswered',
  })
  second.client.log({ level: 'error', data: 'of this call' })
  second.go()
  const text = await next.text()
  assert.match(text, /of this call/)
  assert.doesNotMatch(text, /of the call before/)
})

test('a level that is none is refused', async () => {
  const endpoint = setting()
  const session = await sessionOf(endpoint, 'user:alice')
  const set = async (level: unknown) =>
    endpoint.send(legacy('logging/setLevel', { level }, session), 'user:alice').text()
  assert.match(await set('loud'), /-32602/)
  assert.match(await set('critical'), /"result":\{\}/)
  const sent = endpoint.send(legacy('tools/call', { name: 'hold' }, session), 'user:alice')
  const { client, go } = await endpoint.held.next()
  assert.equal(client.logLevel, 'critical')
  client.log({ level: 'error', data: 'unheard' })
  client.log({ level: 'alert', data: 'heard' })
  go()
  assert.doesNotMatch(await sent.text(), /unheard/)
})
