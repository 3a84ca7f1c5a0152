import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { protectedServer } from '../src/mcp/upstreams/in-process.ts'
import type { UpstreamEvent } from '../src/mcp/upstreams/ports.ts'
import { openServers } from '../src/open-servers.ts'
import { connectClient } from './support/clients.ts'
import { startServer } from './support/server.ts'

function server(...tools: readonly string[]): McpServer {
  const made = new McpServer({ name: 'any', version: '1' })
  for (const name of tools)
    made.registerTool(name, { description: name, inputSchema: z.object({}) }, async (_args, { http }) => ({
      content: [{ type: 'text', text: `${name} of ${http?.authInfo?.clientId ?? 'nobody'}` }],
    }))
  return made
}

test('servers of this process are served by createServer, and nothing of them in place of what is built in', async (t) => {
  const upstreams = await openServers([
    protectedServer(() => server('search', 'whoami'), { name: 'wiki' }),
    protectedServer(server('find', 'whoami'), { name: 'files', prefix: false }),
  ])
  t.after(async () => upstreams.close())
  const door = await startServer({ upstreams })
  t.after(async () => door.close())
  const pair = await door.authority.client('admin-cli')
  const url = `https://localhost:${door.ports.certificates}/mcp`
  const client = await connectClient('2.x auto', url, { ...pair, ca: door.authority.rootPem })
  t.after(async () => client.close())
  const { tools } = await client.listTools()
  const names = tools.map(({ name }) => name).filter((name) => !/^(notes|time)_/.test(name))
  assert.deepEqual(names, ['find', 'whoami', 'wiki_search', 'wiki_whoami'])
  const said = async (name: string) =>
    JSON.stringify((await client.callTool({ name, arguments: {} })).content)
  assert.match(await said('find'), /find of service:admin-cli/)
  assert.match(await said('wiki_whoami'), /whoami of service:admin-cli/)
  assert.doesNotMatch(await said('whoami'), /whoami of/)
})

test('a server that cannot be asked keeps nobody from the others', async (t) => {
  const upstreams = await openServers([
    protectedServer(() => Promise.reject(new Error('no')), { name: 'broken' }),
    protectedServer(() => server('search'), { name: 'wiki' }),
  ])
  t.after(async () => upstreams.close())
  assert.deepEqual(
    upstreams.parts().tools?.map(({ name }) => name),
    ['wiki_search'],
  )
})

test('what a server has later on is served as well, and what it has changed', async (t) => {
  const wiki = server('search')
  const upstreams = await openServers([protectedServer(wiki, { name: 'wiki' })])
  t.after(async () => upstreams.close())
  const shown = (): string[] =>
    (upstreams.parts().tools ?? []).map(({ name, description }) => `${name} ${description}`).toSorted()
  const change = async (work: () => void): Promise<readonly string[]> => {
    const changed = new Promise<void>((resolve) => upstreams.follow(() => resolve()))
    work()
    await changed
    return shown()
  }
  assert.deepEqual(shown(), ['wiki_search search'])
  let late: ReturnType<McpServer['registerTool']> | undefined
  const run = async () => ({ content: [] })
  assert.deepEqual(
    await change(() => {
      late = wiki.registerTool('late', { description: 'late', inputSchema: z.object({}) }, run)
    }),
    ['wiki_late late', 'wiki_search search'],
  )
  assert.deepEqual(await change(() => late?.update({ description: 'later' })), [
    'wiki_late later',
    'wiki_search search',
  ])
  assert.deepEqual(await change(() => late?.remove()), ['wiki_search search'])
  assert.deepEqual(upstreams.status()[0]?.quarantined, [])
})

test('who opens servers hears which cannot be asked, and what of them is kept from everybody', async (t) => {
  const events: UpstreamEvent[] = []
  const servers = [
    protectedServer(() => Promise.reject(new Error('no key')), { name: 'broken' }),
    protectedServer(server('whoami', 'find'), { name: 'files', prefix: false }),
  ]
  const upstreams = await openServers(servers, Date.now, (event) => events.push(event))
  t.after(async () => upstreams.close())
  const down = events.find((event) => event.kind === 'down')
  assert.equal(down?.upstream, 'broken')
  const kept = events.flatMap((event) => (event.kind === 'quarantined' ? [event.definition] : []))
  assert.deepEqual(
    kept.map(({ name, reason }) => [name, reason]),
    [['whoami', 'collision']],
  )
})
