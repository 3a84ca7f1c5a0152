import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inputRequired, Server } from '@modelcontextprotocol/server'
import { callerCarrier, type CarriedCaller } from '../../src/mcp/caller.ts'
import {
  legacySessions,
  type LegacySessionOptions,
  type LegacySessions,
} from '../../src/mcp/legacy-sessions.ts'
import { listChanges } from '../../src/mcp/list-changes.ts'
import { createSubscriptions } from '../../src/mcp/subscriptions.ts'
import { callerOf } from '../support/caller.ts'
import { INITIALIZE, legacy } from '../support/clients.ts'

const IDLE = 60_000
const NAME_FORM = inputRequired.elicit({
  message: 'What is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
})
const carrier = callerCarrier()
const carried = (id: string): CarriedCaller => ({ ...callerOf(id), signal: new AbortController().signal })
const [alice, bob] = [carried('user:alice'), carried('user:bob')]

function sessionsOf(options: Partial<LegacySessionOptions> = {}): LegacySessions {
  const server = () => new Server({ name: 'test', version: '1' }, { capabilities: {} })
  const subscriptions = createSubscriptions({
    perPrincipal: 2,
    keyOf: (uri) => uri,
    mayBeTold: () => true,
    watches: { begin: () => undefined, end: () => undefined },
  })
  return legacySessions({
    server,
    subscriptions,
    lists: listChanges(() => true),
    perPrincipal: 2,
    idleTimeout: IDLE,
    now: () => 0,
    ...options,
  })
}

async function post(
  transport: Awaited<ReturnType<LegacySessions['open']>>,
  caller: CarriedCaller,
  message: { headers: Record<string, string>; body: string },
): Promise<Response> {
  const request = new Request('https://localhost/mcp', { method: 'POST', headers: message.headers })
  return transport.handleRequest(request, {
    parsedBody: JSON.parse(message.body),
    authInfo: carrier.wrap(caller),
  })
}

async function open(sessions: LegacySessions, caller: CarriedCaller): Promise<string | null> {
  const response = await post(await sessions.open(caller), caller, legacy('initialize', INITIALIZE))
  await response.text()
  return response.headers.get('mcp-session-id')
}

async function initialize(sessions: LegacySessions, caller: CarriedCaller): Promise<string> {
  return (await open(sessions, caller)) ?? assert.fail('no session')
}

const isAlive = (sessions: LegacySessions, id: string, caller: CarriedCaller) =>
  sessions.find(id, caller) !== undefined

test('a session is found by the principal that opened it, and by nobody else', async () => {
  const sessions = sessionsOf()
  const id = await initialize(sessions, alice)
  assert.ok(isAlive(sessions, id, alice))
  assert.ok(
    isAlive(sessions, id, { ...alice, requestId: 'another', context: { ...alice.context, credential: 'x' } }),
  )
  assert.equal(isAlive(sessions, id, bob), false)
  assert.equal(isAlive(sessions, 'never-was', alice), false)
  assert.equal(isAlive(sessions, '', alice), false)
})

test('looking for another’s session does not keep it awake', async () => {
  let time = 0
  const sessions = sessionsOf({ now: () => time })
  const id = await initialize(sessions, alice)
  time = IDLE
  assert.equal(isAlive(sessions, id, bob), false)
  time = IDLE + 1
  assert.equal(isAlive(sessions, id, alice), false)
})

test('a session unused for longer than its time is over, and every use gives it that time again', async () => {
  let time = 0
  const sessions = sessionsOf({ now: () => time })
  const id = await initialize(sessions, alice)
  for (time of [IDLE, 2 * IDLE, 3 * IDLE]) assert.ok(isAlive(sessions, id, alice), String(time))
  time = 4 * IDLE + 1
  assert.equal(isAlive(sessions, id, alice), false)
})

test('a session that is over is let go of when somebody opens another', async () => {
  let time = 0
  const sessions = sessionsOf({ now: () => time })
  const id = await initialize(sessions, alice)
  const transport = sessions.find(id, alice) ?? assert.fail()
  time = IDLE + 1
  await initialize(sessions, bob)
  assert.equal((await post(transport, alice, legacy('ping', {}, id))).status, 404)
})

test('who has more than it may loses its longest unused one', async () => {
  let time = 0
  const sessions = sessionsOf({ now: () => (time += 1) })
  const foreign = await initialize(sessions, bob)
  const [first, second] = [await initialize(sessions, alice), await initialize(sessions, alice)]
  assert.ok(isAlive(sessions, first, alice))
  const third = await initialize(sessions, alice)
  const alive = [first, second, third].map((id) => isAlive(sessions, id, alice))
  assert.deepEqual(alive, [true, false, true])
  assert.ok(isAlive(sessions, foreign, bob))
})

test('and that holds, too, when many are opened at once', async () => {
  const sessions = sessionsOf()
  const ids = await Promise.all(Array.from({ length: 20 }, async () => open(sessions, alice)))
  assert.equal(ids.filter((id) => id !== null && isAlive(sessions, id, alice)).length, 2)
})

test('a session that was never initialized takes no place of another', async () => {
  const sessions = sessionsOf()
  const ids = [await initialize(sessions, alice), await initialize(sessions, alice)]
  for (let attempt = 0; attempt < 3; attempt++) {
    const { body } = legacy('initialize', INITIALIZE)
    const response = await post(await sessions.open(alice), alice, { headers: {}, body })
    assert.equal(response.status, 406)
    assert.equal(response.headers.get('mcp-session-id'), null)
  }
  assert.ok(ids.every((id) => isAlive(sessions, id, alice)))
})

test('closing ends every session and its streams', async () => {
  const sessions = sessionsOf()
  const id = await initialize(sessions, alice)
  const transport = sessions.find(id, alice) ?? assert.fail()
  const headers = { accept: 'text/event-stream', 'mcp-session-id': id }
  const request = new Request('https://localhost/mcp', { method: 'GET', headers })
  const stream = await transport.handleRequest(request, { authInfo: carrier.wrap(alice) })
  assert.equal(stream.status, 200)
  await sessions.close()
  assert.equal(await stream.text(), '')
  assert.equal(isAlive(sessions, id, alice), false)
})

test('nothing of a cancelled request is kept for the rest of the session', async () => {
  const never = () => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/list', async () => new Promise(() => undefined))
    return server
  }
  const sessions = sessionsOf({ server: never })
  const opened = await sessions.open(alice)
  const answered = await post(opened, alice, legacy('initialize', INITIALIZE))
  const id = answered.headers.get('mcp-session-id') ?? assert.fail('no session')
  const transport = sessions.find(id, alice) ?? assert.fail('no session')
  for (let request = 0; request < 3; request++) {
    const held = await post(transport, alice, legacy('tools/list', {}, id, request + 10))
    await post(transport, alice, {
      ...legacy('', {}, id),
      body: JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: request + 10 },
      }),
    })
    await held.text()
  }
  // The SDK shows nothing of this, so its own map is looked at.
  const kept: unknown = Reflect.get(opened, '_requestToStreamMapping')
  assert.ok(kept instanceof Map)
  assert.deepEqual([...kept.keys()], [])
  await sessions.close()
})

test('nobody waits for the answer of a client that has gone away while it was asked', async () => {
  const asked = Promise.withResolvers<AbortSignal>()
  const servers: Server[] = []
  const asking = () => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/call', async (_request, { mcpReq }) => {
      asked.resolve(mcpReq.signal)
      return inputRequired({ inputRequests: { name: NAME_FORM } })
    })
    servers.push(server)
    return server
  }
  const sessions = sessionsOf({ server: asking })
  const { body } = legacy('initialize', { ...INITIALIZE, capabilities: { elicitation: {} } })
  const opened = await post(await sessions.open(alice), alice, { ...legacy('initialize', {}), body })
  const id = opened.headers.get('mcp-session-id') ?? assert.fail('no session')
  const connection = new AbortController()
  const caller = { ...alice, signal: connection.signal }
  const transport = sessions.find(id, caller) ?? assert.fail('no session')
  const held = await post(transport, caller, legacy('tools/call', { name: 'x' }, id, 7))
  const signal = await asked.promise
  const stream = held.body?.getReader() ?? assert.fail()
  assert.match(new TextDecoder().decode((await stream.read()).value), /elicitation\/create/)
  const waiting = (): number => {
    const waits: unknown = Reflect.get(servers[0] ?? {}, '_responseHandlers')
    return waits instanceof Map ? waits.size : assert.fail()
  }
  assert.equal(waiting(), 1)
  const isOver = once(signal, 'abort', { signal: AbortSignal.timeout(5000) })
  connection.abort()
  await isOver
  assert.equal(waiting(), 0)
  await sessions.close()
})

test('who was revoked keeps no session, and nothing is watched for it; another credential of its principal does', async () => {
  const watched: string[] = []
  const subscriptions = createSubscriptions({
    perPrincipal: 9,
    keyOf: (uri) => uri,
    mayBeTold: () => true,
    watches: {
      begin: (_, uri) => void watched.push(uri),
      end: (_, uri) => void watched.splice(watched.indexOf(uri), 1),
    },
  })
  const { context } = alice
  const server: LegacySessionOptions['server'] = ({ requestId }, subscription) => {
    subscription.add(`note://${requestId}`, context)
    return new Server({ name: 'test', version: '1' }, { capabilities: {} })
  }
  const sessions = sessionsOf({ subscriptions, server, perPrincipal: 9 })
  const other = { ...alice, requestId: 'other', context: { ...context, credential: 'sha256:bb' } }
  const [first, second, used] = [
    await initialize(sessions, alice),
    await initialize(sessions, other),
    await initialize(sessions, { ...alice, requestId: 'used' }),
  ]
  assert.ok(isAlive(sessions, used, other))
  assert.equal(watched.length, 3)
  sessions.end(({ credential }) => credential === context.credential)
  await setImmediate()
  assert.deepEqual(
    [first, second, used].map((id) => isAlive(sessions, id, other)),
    [false, true, true],
  )
  assert.deepEqual(watched.toSorted(), ['note://other', 'note://used'])
  await sessions.close()
})
