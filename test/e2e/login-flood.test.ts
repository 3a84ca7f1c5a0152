import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ask, modern } from '../support/clients.ts'
import { floodLogins, NO_COUNTING } from '../support/login-flood.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await startServer({ throttle: NO_COUNTING })
})
after(async () => server.close())

test('a flood of logins is turned away beyond the queue, and MCP calls are answered meanwhile', async () => {
  const demo = await server.authority.client('demo')
  const call = async () =>
    ask({ port: server.ports.certificates, ca: server.authority.rootPem, ...demo, ...modern('tools/list') })
  const flood = floodLogins(server, 100)
  const refused = await flood.answered(({ status }) => status === 503)
  assert.equal(refused.headers['retry-after'], '1')
  assert.deepEqual(
    { ...(refused.json() as object), requestId: '' },
    { error: 'unavailable', message: 'This cannot be done at the moment. Please try again.', requestId: '' },
  )
  const from = flood.answers.length
  for (let index = 0; index < 5; index++) assert.equal((await call()).status, 200)
  assert.ok(flood.answers.length > from, 'the flood went on')
  await flood.stop()
  const statuses = new Set(flood.answers.map(({ status }) => String(status)))
  assert.deepEqual([...statuses].toSorted(), ['401', '503'])
  const { status } = await ask({
    port: server.ports.people ?? 0,
    path: '/auth/login',
    ca: server.authority.rootPem,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'nobody', password: 'correct horse battery' }),
  })
  assert.equal(status, 401, 'and afterwards all is as before')
})
