import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InMemoryTransport, Server, type JSONRPCMessage } from '@modelcontextprotocol/server'
import type { Era } from '../../src/mcp/methods.ts'
import { servedOnly } from '../../src/mcp/served-only.ts'
import { heard, type Heard } from '../support/heard.ts'

interface Connected {
  readonly send: (message: Record<string, unknown>) => Promise<void>
  readonly answers: Heard<JSONRPCMessage>
  readonly server: Server
}

/** A server that has a handler for more than the table lets through. */
async function connected(era: Era): Promise<Connected> {
  const server = new Server({ name: 'test', version: '1' }, { capabilities: { logging: {}, tools: {} } })
  server.setRequestHandler('tools/list', () => ({ tools: [] }))
  const [client, own] = InMemoryTransport.createLinkedPair()
  const answers = heard<JSONRPCMessage>()
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport of the SDK is no EventTarget
  client.onmessage = answers.hear
  await client.start()
  await servedOnly(server, era).connect(own)
  return {
    server,
    answers,
    send: async (message) => client.send({ jsonrpc: '2.0', ...message } as JSONRPCMessage),
  }
}

test('a method that the SDK serves and the table refuses is refused, and what the table has is served', async () => {
  const { send, answers } = await connected('2026-07-28')
  await send({ id: 1, method: 'logging/setLevel', params: { level: 'debug' } })
  const error = { code: -32601, message: 'Method not found' }
  assert.deepEqual(await answers.next(), { jsonrpc: '2.0', id: 1, error })
  await send({ id: 2, method: 'tools/list' })
  assert.deepEqual(await answers.next(), { jsonrpc: '2.0', id: 2, result: { tools: [] } })
})

test('what one era has the other has not', async () => {
  const { send, answers } = await connected('2026-07-28')
  await send({ id: 1, method: 'ping' })
  assert.ok('error' in (await answers.next()))
})

test('a notification that is not in the table reaches nobody', async () => {
  const { server, send, answers } = await connected('2025-11-25')
  const reached: string[] = []
  server.setNotificationHandler('notifications/roots/list_changed', () => void reached.push('roots'))
  server.setNotificationHandler('notifications/initialized', () => void reached.push('initialized'))
  await send({ method: 'notifications/roots/list_changed' })
  await send({ method: 'notifications/initialized' })
  await send({ id: 1, method: 'ping' })
  await answers.next()
  assert.deepEqual(reached, ['initialized'])
})

test('answers to what the server asked go on', async () => {
  const { server, send, answers } = await connected('2025-11-25')
  const asked = server.ping()
  const question = await answers.next()
  assert.ok('method' in question && 'id' in question && question.method === 'ping')
  await send({ id: question.id, result: {} })
  assert.deepEqual(await asked, {})
})
