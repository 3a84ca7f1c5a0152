import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { ask, INITIALIZE, legacy, modern, type Answer, type Ask } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { startServer, type TestServer } from '../support/server.ts'

const SECRET = 'redis://:hunter2@10.0.0.5:6379'
const ran: string[] = []
let server: TestServer
let admin: Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>
before(async () => {
  server = await startServer({
    catalog: {
      tools: [
        defineTool({
          name: 'burst',
          description: 'Throws what must not be seen.',
          inputSchema: z.strictObject({}),
          permission: 'burst:call',
          run() {
            throw Object.assign(new Error(`connect ECONNREFUSED ${SECRET}`), { data: SECRET })
          },
        }),
        defineTool({
          name: 'mark',
          description: 'Leaves a mark when it runs.',
          inputSchema: z.strictObject({ mark: z.string().default('default') }),
          permission: 'mark:call',
          run(args) {
            ran.push(JSON.stringify(args))
            return textResult(Object.isFrozen(args) ? 'frozen' : 'open')
          },
        }),
      ],
    },
  })
  const pair = await server.authority.client('admin-cli')
  admin = { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
})
after(async () => server.close())

const call = (name: string, args = {}): Promise<Answer> =>
  ask({ ...admin, ...modern('tools/call', { name, arguments: args }) })

test('ASVS 16.5.1: a tool that throws: a constant text with the request id, the exception only on record', async () => {
  const answer = await call('burst')
  assert.equal(answer.status, 200)
  assert.doesNotMatch(answer.body, /hunter2|ECONNREFUSED/)
  assert.match(answer.body, new RegExp(String(answer.headers['x-request-id'])))
  const event = await server.event('tool.finished', ({ resource }) => resource === 'burst')
  assert.equal(event.outcome, 'exception')
  assert.match(event.exception ?? '', /ECONNREFUSED/)
})

test('validation neither defaults nor strips: what was decided on is what runs, frozen', async () => {
  assert.match((await call('mark')).body, /frozen/)
  assert.equal(ran.at(-1), '{}')
  assert.match((await call('mark', { mark: 'a', other: 1 })).body, /Invalid arguments/)
  assert.equal(ran.length, 1)
})

test('ASVS 16.5.3: a decision that cannot be recorded: 503, and no tool runs', async () => {
  server.failAudit(({ event }) => event === 'tool.decided')
  const soFar = ran.length
  const answer = await call('mark')
  assert.equal(answer.status, 503)
  assert.equal((answer.json() as { error: string }).error, 'unavailable')
  server.failAudit(undefined)
  assert.equal(ran.length, soFar)
  assert.equal((await call('mark')).status, 200)
})

test('a decision that cannot be recorded, in a legacy session: an error, and no tool runs', async () => {
  const opened = await ask({ ...admin, ...legacy('initialize', INITIALIZE) })
  server.failAudit(({ event }) => event === 'tool.decided')
  const soFar = ran.length
  const message = legacy('tools/call', { name: 'mark' }, String(opened.headers['mcp-session-id']))
  const answer = await ask({ ...admin, ...message })
  server.failAudit(undefined)
  assert.equal(ran.length, soFar)
  assert.doesNotMatch(answer.body, /disk/)
  assert.ok(answer.status === 503 || answer.body.includes('"isError":true'), answer.body)
})

test('an outcome that cannot be recorded does not invite a second run', async () => {
  server.failAudit(({ event }) => event === 'tool.finished')
  const answer = await call('mark')
  server.failAudit(undefined)
  assert.equal(answer.status, 200)
  assert.match(answer.body, /frozen/)
})

test('a revocation list past its time: 503 for that CA, and not ready', async () => {
  await server.authority.resign(Date.now() - 1000)
  await server.reloadTrust()
  const answer = await call('mark')
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.connection, 'close')
  await server.event('request.refused', ({ reason }) => reason === 'crl_stale')
  const ready = await ask({
    port: server.ports.people ?? 0,
    ca: server.authority.rootPem,
    path: '/readyz',
    method: 'GET',
  })
  assert.equal(ready.status, 503)
  await server.authority.resign(Date.now() + 3_600_000)
  await server.reloadTrust()
  assert.equal((await call('mark')).status, 200)
})

test('ASVS 16.5.2: a store that is gone: sessions get 503, certificates are served, and it is not ready', async (t) => {
  const other = await startServer()
  t.after(async () => other.close())
  const { token } = await openSession(other, 'alice')
  await other.store.close()
  const people = { port: other.ports.people ?? 0, ca: other.authority.rootPem }
  const message = modern('tools/list')
  const headers = { ...message.headers, authorization: `Bearer ${token}` }
  assert.equal((await ask({ ...people, ...message, headers })).status, 503)
  assert.equal((await ask({ ...people, path: '/readyz', method: 'GET' })).status, 503)
  const pair = await other.authority.client('demo')
  const served = await ask({
    port: other.ports.certificates,
    ca: other.authority.rootPem,
    ...pair,
    ...message,
  })
  assert.equal(served.status, 200)
})
