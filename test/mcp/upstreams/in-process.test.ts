import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { Client, type Transport } from '@modelcontextprotocol/client'
import { McpServer as FirstServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { acceptedContent, inputRequired, McpServer, Server } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { upstreamsSchema } from '../../../src/config/upstream-settings.ts'
import { authInfoOf } from '../../../src/mcp/upstreams/auth-info.ts'
import type { ProtectableServer } from '../../../src/mcp/upstreams/in-process-connect.ts'
import { inProcessWire } from '../../../src/mcp/upstreams/in-process-wire.ts'
import { protectedServer } from '../../../src/mcp/upstreams/in-process.ts'
import type { InProcessPipe, UpstreamOptions } from '../../../src/mcp/upstreams/options.ts'
import { peerOver } from '../../../src/mcp/upstreams/peer.ts'

const ERAS = ['legacy', 'auto'] as const

test('a server of this process has the limits of every other upstream, unless it is given others', () => {
  const { app } = upstreamsSchema.parse({ app: { url: 'https://app.internal/mcp' } })
  const { limits, results } = protectedServer(secondServer, { name: 'app' })
  for (const [name, limit] of Object.entries(limits)) assert.equal(limit, Reflect.get(app ?? {}, name), name)
  assert.deepEqual(results, app?.results)
  assert.equal(protectedServer(secondServer, { name: 'app', limits: { timeout: 1 } }).limits.timeout, 1)
})

for (const era of ERAS)
  test(`handlers of 2.x see each caller as itself, also of calls at the same time: ${era}`, async (t) => {
    const { client } = await clientOf(t, protectedServer(secondServer, { name: 'app' }), era)
    const names = ['service:a', 'service:b', 'user:c']
    const said = await Promise.all(
      names.map(async (as) => client.callTool({ name: 'who', arguments: { as } })),
    )
    assert.deepEqual(said.map(textOf), names)
    assert.equal(client.getNegotiatedProtocolVersion(), era === 'auto' ? '2026-07-28' : '2025-11-25')
  })

test('handlers of 1.x see each caller as itself, also of calls at the same time', async (t) => {
  const { client } = await clientOf(t, protectedServer(firstServer, { name: 'app' }), 'auto')
  const names = ['service:a', 'service:b', 'user:c']
  const said = await Promise.all(names.map(async (as) => client.callTool({ name: 'who', arguments: { as } })))
  assert.deepEqual(said.map(textOf), names)
  assert.equal(client.getNegotiatedProtocolVersion(), '2025-11-25')
})

for (const era of ERAS)
  test(`a low-level server of 2.x is served: ${era}`, async (t) => {
    const server = new Server({ name: 'low', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/list', async (_request, { http }) => ({
      tools: [{ name: http?.authInfo?.clientId ?? 'nobody', inputSchema: { type: 'object' } }],
    }))
    const { client } = await clientOf(t, protectedServer(server, { name: 'app' }), era)
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['nobody in particular'],
    )
  })

for (const era of ERAS)
  test(`progress, and a question to the user, come through: ${era}`, async (t) => {
    const { client, related } = await clientOf(t, protectedServer(secondServer, { name: 'app' }), era)
    const seen: number[] = []
    const answer = await client.callTool(
      { name: 'ask', arguments: {} },
      { onprogress: ({ progress }) => void seen.push(progress) },
    )
    assert.equal(textOf(answer), 'hello Zoe')
    assert.ok(seen.includes(1))
    assert.ok(related.length > 0 && !related.includes(undefined), 'each says in the course of which call')
  })

test('what a server of 1.x asks and logs belongs to the call in whose course it does, of several at once', async () => {
  const options = protectedServer(firstServer(), { name: 'app' })
  assert.ok(options.transport.kind === 'in-process')
  const peer = peerOver({
    open: await inProcessWire(options.transport.connect),
    inFlight: 10,
    notificationsPerSecond: 100,
    onUnasked: () => undefined,
    onLine: () => undefined,
  })
  const ask = async (method: string, params: Record<string, unknown>, name = '') => {
    const lines: unknown[] = []
    const answer = await peer.ask(
      {
        method,
        params,
        signal: AbortSignal.timeout(5000),
        timeout: 5000,
        repeatable: false,
        onLog: ({ data }) => void lines.push(data),
        onAsk: async () => ({ kind: 'result', result: { action: 'accept', content: { name } } }),
      },
      '2025-11-25',
    )
    assert.ok(answer.kind === 'result', JSON.stringify(answer))
    return { said: textOf(answer.result), lines }
  }
  const clientInfo = { name: 'test', version: '1' }
  const capabilities = { elicitation: {} }
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo })
  await peer.tell({ method: 'notifications/initialized' }, '2025-11-25')
  const names = ['Ada', 'Bo', 'Cy']
  const answers = await Promise.all(names.map(async (name) => ask('tools/call', { name: 'ask' }, name)))
  assert.deepEqual(
    answers,
    names.map((name) => ({ said: `hello ${name}`, lines: ['asking', `told ${name}`] })),
  )
  await peer.close()
})

test('one server is one connection; another is refused until the first is closed', async (t) => {
  const options = protectedServer(secondServer(), { name: 'app' })
  assert.equal(options.connection, 'shared')
  const { client } = await clientOf(t, options, 'auto')
  await assert.rejects(clientOf(t, options, 'auto'))
  await client.close()
  const again = await clientOf(t, options, 'auto')
  assert.equal((await again.client.listTools()).tools.length, 2)
})

test('closing the connection closes the server, and closing the server the connection', async (t) => {
  const servers: McpServer[] = []
  const options = protectedServer(
    () => {
      const server = secondServer()
      servers.push(server)
      return server
    },
    { name: 'app' },
  )
  const events = new EventTarget()
  const one = await clientOf(t, options, 'auto')
  const [first] = servers
  assert.ok(first !== undefined)
  Object.assign(first.server, { onclose: () => events.dispatchEvent(new Event('closed')) })
  const closed = once(events, 'closed')
  await one.client.close()
  await closed
  const two = await clientOf(t, options, 'auto')
  const gone = new Promise<void>((resolve) => Object.assign(two.client, { onclose: () => resolve() }))
  await servers.at(-1)?.close()
  await gone
})

test('what a handler learns of its caller has no token and no scope in it', () => {
  const principal = { kind: 'user', name: 'c', id: 'user:c' } as const
  const info = authInfoOf({ principal, roles: ['reader'] }, 'request-1')
  assert.deepEqual(info, {
    token: '',
    clientId: 'user:c',
    scopes: [],
    extra: { principal: 'user:c', roles: ['reader'], requestId: 'request-1' },
  })
})

test('permissions and the rest are those of any upstream', () => {
  const options = protectedServer(secondServer, {
    name: 'app',
    permission: 'app:use',
    permissions: [{ names: 'who', permission: 'app:{tool}' }],
    limits: { timeout: 5 },
  })
  assert.deepEqual(options.permissions, [
    { names: 'who', permission: 'app:{tool}' },
    { names: '*', permission: 'app:use' },
  ])
  assert.equal(options.limits.timeout, 5)
  assert.equal(options.prefix, true)
  assert.equal(options.connection, 'auto')
})

function secondServer(): McpServer {
  const server = new McpServer({ name: 'second', version: '1' })
  const inputSchema = z.object({})
  server.registerTool('who', { description: 'Who calls.', inputSchema }, async (_args, { http }) => {
    await Promise.resolve()
    return text(http?.authInfo?.clientId ?? 'nobody')
  })
  server.registerTool('ask', { description: 'Asks.', inputSchema }, async (_args, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    if (progressToken !== undefined)
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    const answer = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'name')
    if (answer !== undefined) return text(`hello ${answer.name}`)
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }
    return inputRequired({
      inputRequests: { name: inputRequired.elicit({ message: 'Who?', requestedSchema }) },
    })
  })
  return server
}

function firstServer(): ProtectableServer {
  const server = new FirstServer({ name: 'first', version: '1' }, { capabilities: { logging: {} } })
  server.registerTool('who', { description: 'Who calls.' }, async ({ authInfo }) => {
    await Promise.resolve()
    return text(authInfo?.clientId ?? 'nobody')
  })
  server.registerTool('ask', { description: 'Asks.' }, async ({ sendRequest, sendNotification }) => {
    const log = async (data: string) =>
      sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
    await log('asking')
    const params = { message: 'Who?', requestedSchema: { type: 'object' as const, properties: {} } }
    const { content } = await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema)
    const name = String(content?.['name'])
    await log(`told ${name}`)
    return text(`hello ${name}`)
  })
  return server
}

function text(said: string) {
  return { content: [{ type: 'text' as const, text: said }] }
}

function textOf(result: unknown): unknown {
  const { content } = result as { content?: { text?: string }[] }
  return content?.[0]?.text
}

/** A client of the SDK at the other end; the argument `as` of a call says who sends it. */
async function clientOf(t: TestContext, { transport }: UpstreamOptions, mode: 'legacy' | 'auto') {
  assert.ok(transport.kind === 'in-process')
  const related: unknown[] = []
  const toServer: InProcessPipe = {
    send(message, to) {
      // What is said on its own account is of no call.
      if (!('result' in (message as object)) && !('error' in (message as object))) related.push(to)
      queueMicrotask(() => ends.onmessage?.(message as never))
    },
    onMessage: () => undefined,
    onClose: () => undefined,
    close: () => ends.onclose?.(),
  }
  const ends: Transport = {
    async start() {
      await transport.connect(toServer)
    },
    async send(message) {
      const { params } = message as { params?: { arguments?: { as?: string } } }
      const id = params?.arguments?.as ?? 'nobody in particular'
      const principal = { kind: 'service', name: '', id } as const
      toServer.onMessage({ ...message }, authInfoOf({ principal, roles: [] }, 'request'))
    },
    async close() {
      toServer.onClose()
      ends.onclose?.()
    },
  }
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
  )
  client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Zoe' } }))
  await client.connect(ends)
  t.after(async () => client.close())
  return { client, related }
}
