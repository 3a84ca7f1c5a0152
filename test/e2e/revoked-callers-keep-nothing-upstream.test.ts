import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { protectedServer } from '../../src/mcp/upstreams/in-process.ts'
import { openServers } from '../../src/open-servers.ts'
import { connectClient } from '../support/clients.ts'
import { revokedOf } from '../support/revocations.ts'
import { startServer } from '../support/server.ts'

test('who is revoked in the middle of a call keeps no connection to an upstream, and everybody else keeps theirs', async (t) => {
  const started: string[] = []
  const closed: string[] = []
  const both = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const holding = (): McpServer => {
    const server = new McpServer({ name: 'wiki', version: '1' })
    let whose = 'nobody'
    server.registerTool(
      'hold',
      { description: 'Waits.', inputSchema: z.object({}) },
      async (_args, context) => {
        whose = context.http?.authInfo?.clientId ?? 'nobody'
        started.push(whose)
        if (started.length === 2) both.resolve()
        await Promise.race([go.promise, once(context.mcpReq.signal, 'abort')])
        return { content: [{ type: 'text', text: `done for ${whose}` }] }
      },
    )
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a server of the SDK is no EventTarget
    server.server.onclose = () => {
      closed.push(whose)
      if (whose === 'service:admin-cli') gone.resolve()
    }
    return server
  }
  const upstreams = await openServers([
    { ...protectedServer(holding, { name: 'wiki', permission: 'notes:read' }), connection: 'per-principal' },
  ])
  t.after(async () => upstreams.close())
  const door = await startServer({ upstreams })
  t.after(async () => door.close())
  const called = async (name: string) => {
    const pair = await door.authority.client(name)
    const tls = { ...pair, ca: door.authority.rootPem }
    const client = await connectClient('2.x auto', `https://localhost:${door.ports.certificates}/mcp`, tls)
    t.after(async () => client.close())
    return { pair, answer: client.callTool({ name: 'wiki_hold', arguments: {} }) }
  }
  const [lost, kept] = [await called('admin-cli'), await called('demo')]
  const isRefused = assert.rejects(lost.answer)
  await both.promise
  await door.store.revocations.revoke([revokedOf(door.authority.issuingPem, lost.pair.cert)])
  await Promise.all([isRefused, gone.promise])
  assert.ok(!closed.includes('service:demo'))
  go.resolve()
  assert.deepEqual((await kept.answer).content, [{ type: 'text', text: 'done for service:demo' }])
})
