import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { ask, modern, type Ask } from '../support/clients.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let release: () => void = () => undefined
const gate = new Promise<void>((resolve) => {
  release = resolve
})
const started: (() => void)[] = []
before(async () => {
  server = await startServer({
    limits: { bodyBytes: 100_000, requestsInFlight: 2, requestsPerMinute: 50, legacySessions: 2 },
    catalog: {
      tools: [
        defineTool({
          name: 'wait',
          description: 'Waits until it is let go.',
          inputSchema: z.strictObject({}),
          permission: 'wait:call',
          async run() {
            for (const tell of started.splice(0)) tell()
            await gate
            return textResult('done')
          },
        }),
      ],
    },
  })
})
after(async () => server.close())

async function as(name: string): Promise<Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>> {
  const pair = await server.authority.client(name)
  return { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
}

test('requests in flight are bounded for each principal, and its neighbour notices nothing', async () => {
  const [admin, demo] = [await as('admin-cli'), await as('demo')]
  const wait = modern('tools/call', { name: 'wait' })
  const held = []
  for (let i = 0; i < 2; i++) {
    const running = new Promise<void>((resolve) => started.push(resolve))
    held.push(ask({ ...admin, ...wait }))
    await running
  }
  const third = await ask({ ...admin, ...modern('tools/list') })
  assert.equal(third.status, 429)
  assert.equal(third.headers['retry-after'], '1')
  assert.equal((await ask({ ...demo, ...modern('tools/list') })).status, 200)
  release()
  assert.deepEqual(
    (await Promise.all(held)).map(({ status }) => status),
    [200, 200],
  )
  assert.equal((await ask({ ...admin, ...modern('tools/list') })).status, 200)
})

test('the rate is bounded for each principal', async () => {
  const demo = await as('demo')
  const statuses = new Set<number>()
  for (let i = 0; i < 60; i++) statuses.add((await ask({ ...demo, ...modern('tools/list') })).status)
  assert.deepEqual([...statuses], [200, 429])
})
