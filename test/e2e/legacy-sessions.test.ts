import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ask, INITIALIZE, legacy, type Answer, type Ask } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await startServer({
    limits: { bodyBytes: 100_000, requestsInFlight: 64, requestsPerMinute: 6000, legacySessions: 3 },
  })
})
after(async () => server.close())

type Caller = Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>

async function caller(name: string): Promise<Caller> {
  const pair = await server.authority.client(name)
  return { port: server.ports.certificates, ca: server.authority.rootPem, ...pair }
}

async function initialize(as: Caller): Promise<string> {
  const answer = await ask({ ...as, ...legacy('initialize', INITIALIZE) })
  const id = answer.headers['mcp-session-id']
  assert.ok(typeof id === 'string', answer.body)
  return id
}

const remove = async (as: Caller, session: string): Promise<Answer> =>
  ask({
    ...as,
    method: 'DELETE',
    headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
  })

const list = async (as: Caller, session: string): Promise<Answer> =>
  ask({ ...as, ...legacy('tools/list', {}, session) })

test('a session serves the principal that opened it, by whichever of its credentials', async () => {
  const session = await initialize(await caller('demo'))
  assert.equal((await list(await caller('demo'), session)).status, 200)
})

test('another principal gets 404 for it, as for one that never was, and changes nothing', async () => {
  const [demo, admin] = [await caller('demo'), await caller('admin-cli')]
  const session = await initialize(demo)
  const stranger = await list(admin, session)
  const unknown = await list(admin, 'never-was')
  assert.equal(stranger.status, 404)
  assert.equal(stranger.body, unknown.body)
  assert.equal((await remove(admin, session)).status, 404)
  const stream = await ask({
    ...admin,
    method: 'GET',
    headers: { accept: 'text/event-stream', 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
  })
  assert.equal(stream.status, 404)
  assert.equal((await list(demo, session)).status, 200)
})

test('a person cannot use the session of a service either', async () => {
  const session = await initialize(await caller('demo'))
  const { token } = await openSession(server, 'alice')
  const message = legacy('tools/list', {}, session)
  const answer = await ask({
    port: server.ports.people ?? 0,
    ca: server.authority.rootPem,
    ...message,
    headers: { ...message.headers, authorization: `Bearer ${token}` },
  })
  assert.equal(answer.status, 404)
})

test('its own principal ends it, and then it is gone', async () => {
  const demo = await caller('demo')
  const session = await initialize(demo)
  assert.equal((await remove(demo, session)).status, 200)
  assert.equal((await list(demo, session)).status, 404)
})

test('a session id without a credential is nothing', async () => {
  const session = await initialize(await caller('demo'))
  const answer = await ask({
    port: server.ports.people ?? 0,
    ca: server.authority.rootPem,
    ...legacy('tools/list', {}, session),
  })
  assert.equal(answer.status, 401)
})

test('who opens more than it may loses its longest unused one, and nobody else loses any', async () => {
  const [demo, admin] = [await caller('demo'), await caller('admin-cli')]
  const other = await initialize(admin)
  const first = await initialize(demo)
  const second = await initialize(demo)
  const third = await initialize(demo)
  assert.equal((await list(demo, first)).status, 200)
  await initialize(demo)
  const alive = async (as: Caller, session: string) => (await list(as, session)).status === 200
  assert.deepEqual(
    [
      await alive(demo, first),
      await alive(demo, second),
      await alive(demo, third),
      await alive(admin, other),
    ],
    [true, false, true, true],
  )
})
