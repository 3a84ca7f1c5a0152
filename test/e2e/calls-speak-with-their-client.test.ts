import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inputRequired } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { CallingClient, ClientRequest } from '../../src/mcp/calling-client.ts'
import { defineTool, errorResult, textResult, type Call } from '../../src/mcp/tool.ts'
import { CLIENT_SHAPES, type ClientShape } from '../support/clients.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { talkingClient, type TalkingClient } from '../support/talking-client.ts'

const FORM = {
  message: 'What is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
} as const
const REQUESTS: Readonly<Record<string, ClientRequest>> = {
  elicitation: { method: 'elicitation/create', params: FORM },
  sampling: {
    method: 'sampling/createMessage',
    params: { maxTokens: 10, messages: [{ role: 'user', content: { type: 'text', text: '2 + 2?' } }] },
  },
  roots: { method: 'roots/list', params: {} },
}

const permission = 'test:talk'
const clients: CallingClient[] = []
const traces: Call['trace'][] = []

const talk = defineTool({
  name: 'talk',
  description: 'Says how far it is, and what it does.',
  inputSchema: z.strictObject({}),
  permission,
  run(_args, { client, trace }) {
    clients.push(client)
    traces.push(trace)
    for (const progress of [1, 2, 2, 1, 3])
      client.progress?.({ progress, total: 3, message: `at ${progress}` })
    client.log({ level: 'info', logger: 'talk', data: 'working' })
    client.log({ level: 'error', data: { broken: true } })
    return textResult('talked')
  },
})

/** Asks in the middle of the call where that can be done, and in another round of it elsewhere. */
const askInTheMiddle = defineTool({
  name: 'ask',
  description: 'Asks its client.',
  inputSchema: z.strictObject({ what: z.string() }),
  permission,
  async run({ what }, { client, signal }) {
    const request = REQUESTS[what] ?? assert.fail()
    if (client.ask === undefined) return errorResult('nobody to ask')
    return textResult(JSON.stringify(await client.ask(request, signal)))
  },
})

const askInRounds = defineTool({
  name: 'ask_in_rounds',
  description: 'Asks its client for a name, and then for its roots.',
  inputSchema: z.strictObject({}),
  permission,
  run(_args, { client: { inputResponses, requestState } }) {
    if (requestState === undefined)
      return inputRequired({
        inputRequests: { name: inputRequired.elicit(FORM) },
        requestState: 'first',
      })
    if (requestState === 'first')
      return inputRequired({
        inputRequests: { roots: inputRequired.listRoots() },
        requestState: JSON.stringify(inputResponses['name']),
      })
    return textResult(`${requestState} ${JSON.stringify(inputResponses['roots'])}`)
  },
})

let server: TestServer
before(async () => {
  server = await startServer({ catalog: { tools: [talk, askInTheMiddle, askInRounds] } })
})
after(async () => server.close())

async function connected(shape: ClientShape, capabilities?: Record<string, never>): Promise<TalkingClient> {
  const { cert, key } = await server.authority.client('admin-cli')
  const tls = { ca: server.authority.rootPem, cert, key }
  return talkingClient(shape, `https://127.0.0.1:${server.ports.certificates}/mcp`, tls, capabilities)
}

const textOf = ({ content }: { readonly content: unknown }): string =>
  (content as readonly { readonly text: string }[])[0]?.text ?? ''
const isLegacy = (shape: ClientShape) => shape === '1.x' || shape === '2.x legacy'

for (const shape of CLIENT_SHAPES)
  describe(`a ${shape} client`, () => {
    test('hears how far its call is, each step once and growing', async () => {
      const client = await connected(shape)
      await client.call('talk')
      const steps = [1, 2, 3].map((progress) => ({ progress, total: 3, message: `at ${progress}` }))
      assert.deepEqual(client.progress, steps)
      await client.close()
    })

    test('hears of the log what it asked for', async () => {
      const client = await connected(shape)
      if (isLegacy(shape)) await client.setLevel('warning')
      await client.call(
        'talk',
        {},
        isLegacy(shape) ? undefined : { 'io.modelcontextprotocol/logLevel': 'warning' },
      )
      assert.deepEqual(client.log, [{ level: 'error', data: { broken: true } }])
      assert.equal(clients.at(-1)?.logLevel, 'warning')
      await client.close()
    })

    test('without a word about the log hears what its era promises', async () => {
      const client = await connected(shape)
      await client.call('talk')
      assert.equal(client.log.length, isLegacy(shape) ? 2 : 0)
      assert.equal(clients.at(-1)?.era, isLegacy(shape) ? '2025-11-25' : '2026-07-28')
      assert.equal(clients.at(-1)?.session === undefined, !isLegacy(shape))
      await client.close()
    })

    test('is asked in several rounds, and each answer comes back to the call', async () => {
      const client = await connected(shape)
      const text = textOf(await client.call('ask_in_rounds'))
      assert.match(text, /"name":"Zoe".*"uri":"file:\/\/\/home\/zoe"/)
      assert.deepEqual(client.asked, ['elicitation/create', 'roots/list'])
      await client.close()
    })

    test('that has declared nothing is asked nothing', async () => {
      const client = await connected(shape, {})
      const came = await client.call('ask_in_rounds').then(textOf, (error: unknown) => String(error))
      assert.match(came, isLegacy(shape) ? /needs a client that can do elicitation \(form\)/ : /elicitation/)
      assert.deepEqual(client.asked, [])
      await client.close()
    })
  })

for (const shape of ['1.x', '2.x legacy'] as const)
  test(`a ${shape} client is asked in the middle of a call`, async () => {
    const client = await connected(shape)
    const answers = await Promise.all(
      Object.keys(REQUESTS).map(async (what) => textOf(await client.call('ask', { what }))),
    )
    assert.match(answers[0] ?? '', /"kind":"result".*"Zoe"/)
    assert.match(answers[1] ?? '', /"kind":"result".*"four"/)
    assert.match(answers[2] ?? '', /"kind":"result".*home/)
    await client.close()
  })

test('the trace of a call is handed to what it runs, and a malformed one is none', async () => {
  const client = await connected('2.x pinned')
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await client.call('talk', {}, { traceparent, tracestate: 'rojo=1' })
  await client.call('talk', {}, { traceparent: `${traceparent}0`, tracestate: 'rojo=1' })
  assert.deepEqual(traces.slice(-2), [{ traceparent, tracestate: 'rojo=1' }, undefined])
  await client.close()
})

test('a 2026 client is never asked in the middle of a call', async () => {
  const client = await connected('2.x pinned')
  assert.equal(textOf(await client.call('ask', { what: 'roots' })), 'nobody to ask')
  await client.close()
})
