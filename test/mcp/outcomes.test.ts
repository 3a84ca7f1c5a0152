import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { defineTool } from '../../src/mcp/tool.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint } from '../support/endpoint.ts'

const told = new ProtocolError(-32_603, 'the upstream says no')
const permission = 'test:read'
const parts = {
  tools: [
    defineTool({ name: 'a', description: 'x', inputSchema: z.strictObject({}), permission, run: () => told }),
  ],
  prompts: [definePrompt({ name: 'a', description: 'x', arguments: [], permission, get: async () => told })],
  resources: [
    defineResource({
      name: 'a',
      description: 'x',
      uriTemplate: 'a://{id}',
      permission,
      list: async () => [],
      read: async () => told,
    }),
  ],
}

/** What a principal may watch. */
const MOST = 256

function setting() {
  const endpoint = testEndpoint({ ...parts })
  const outcomes = () => endpoint.events.flatMap((event) => ('outcome' in event ? [event.outcome] : []))
  return { ...endpoint, outcomes }
}

test('an error that a handler answers with is an error on record', async () => {
  const { send, outcomes } = setting()
  for (const [method, params] of [
    ['tools/call', { name: 'a', arguments: {} }],
    ['prompts/get', { name: 'a' }],
    ['resources/read', { uri: 'a://1' }],
  ] as const)
    assert.match(await send(modern(method, params)).text(), /the upstream says no/)
  assert.deepEqual(outcomes(), ['error', 'error', 'error'])
})

test('what can be watched no more is an error on record, too', async () => {
  const { send, outcomes } = setting()
  const opened = await send(legacy('initialize', INITIALIZE)).answer
  assert.ok(opened.kind === 'response')
  const session = opened.response.headers.get('mcp-session-id') ?? assert.fail()
  await opened.response.text()
  for (let id = 0; id <= MOST; id++)
    await send(legacy('resources/subscribe', { uri: `a://${id}` }, session)).text()
  const notifications = { resourceSubscriptions: ['a://more'] }
  assert.match(await send(modern('subscriptions/listen', { notifications })).text(), /Too many subscriptions/)
  assert.deepEqual(outcomes().slice(MOST), ['error', 'error'])
})
