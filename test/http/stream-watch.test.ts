import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type ClientRequest, type ServerResponse } from 'node:http'
import { after, before, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { compilePermissions } from '../../src/access/permission.ts'
import { sameRights } from '../../src/access/same-rights.ts'
import type { Authenticated } from '../../src/auth/authenticate.ts'
import type { AuthContext } from '../../src/auth/context.ts'
import { openAnswers, type OpenAnswers } from '../../src/http/open-answers.ts'
import { untilJudged, watchStream, type StreamWatch } from '../../src/http/stream-watch.ts'
import { contextOf } from '../support/caller.ts'

const NOW = 1_000_000
const server = createServer()
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

interface Setting {
  readonly client: ClientRequest
  readonly response: ServerResponse
  readonly watch: StreamWatch
  /** When the caller was judged anew. */
  readonly judged: number[]
  /** As what. */
  readonly uses: string[]
  readonly open: OpenAnswers
  /** Whose credential was said to be over. */
  readonly over: readonly AuthContext[]
  /** Lets time pass, and whoever is judged then be judged. */
  pass(ms: number): Promise<void>
}

const alice = (expiresAt = Infinity): Authenticated => ({
  kind: 'context',
  context: contextOf('user:alice', [], { expiresAt }),
})
const refused: Authenticated = { kind: 'refused', reason: 'session_invalid' }

/** A real answer that has begun, of a caller whose credential ends at `expiresAt`; `again` judges it anew. */
async function setting(
  t: TestContext,
  expiresAt: number,
  again: (now: number) => Promise<Authenticated>,
  more: Partial<AuthContext> = {},
): Promise<Setting> {
  const { port } = server.address() as { port: number }
  const client = get({ port, host: '127.0.0.1', agent: false })
  client.on('error', () => undefined)
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
  response.flushHeaders()
  await once(client, 'response')
  t.after(() => client.destroy())
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = NOW
  const judged: number[] = []
  const uses: string[] = []
  const authenticate = async (use: string) => {
    judged.push(now)
    uses.push(use)
    return again(now)
  }
  const context = contextOf('user:alice', [], { expiresAt, ...more })
  const over: AuthContext[] = []
  const open = openAnswers((ended) => void over.push(ended))
  const watch = watchStream({ response, context, authenticate, sameRights, now: () => now, open })
  const pass = async (ms: number) => {
    now += ms
    t.mock.timers.tick(ms)
    await new Promise(setImmediate)
  }
  return { client, response, watch, judged, uses, open, over, pass }
}

test('whoever waits is judged anew every 30 s, and goes on waiting if all is well', async (t) => {
  const { judged, watch, response, pass } = await setting(t, Infinity, async () => alice())
  await pass(29_999)
  assert.deepEqual(judged, [])
  await pass(1)
  await pass(30_000)
  await pass(30_000)
  assert.deepEqual(judged, [NOW + 30_000, NOW + 60_000, NOW + 90_000])
  assert.equal(watch.signal.aborted, false)
  assert.equal(response.destroyed, false)
})

test('and at the moment when the credential ends', async (t) => {
  const { judged, watch, pass } = await setting(t, NOW + 1_234, async (now) =>
    now < NOW + 1_234 ? alice() : refused,
  )
  await pass(1_233)
  assert.deepEqual(judged, [])
  await pass(1)
  assert.deepEqual(judged, [NOW + 1_234])
  await watch.closed
  assert.ok(watch.signal.aborted)
})

test('a credential that was proved anew ends when that one does', async (t) => {
  const { judged, pass } = await setting(t, NOW + 10, async () => alice(NOW + 30))
  await pass(10)
  await pass(19)
  await pass(1)
  assert.deepEqual(judged, [NOW + 10, NOW + 30])
})

const ends: Record<string, () => Promise<Authenticated>> = {
  'is refused': async () => refused,
  'is somebody else': async () => ({ kind: 'context', context: contextOf('service:alice') }),
  'cannot be judged': async () => Promise.reject(new Error('the store is down')),
}
for (const [what, again] of Object.entries(ends))
  test(`a caller that ${what} loses the connection`, async (t) => {
    const { client, watch, pass, over } = await setting(t, Infinity, again)
    await Promise.all([pass(30_000), once(client, 'close')])
    await watch.closed
    assert.ok(watch.signal.aborted)
    assert.equal(over.length, what === 'is refused' ? 1 : 0)
  })

test('whom something concerns is judged at once, by a look, and then goes on waiting', async (t) => {
  const { judged, open, watch, pass, uses } = await setting(t, Infinity, async () => alice())
  await pass(10_000)
  open.judge(({ principal }) => principal.id === 'user:alice')
  await pass(0)
  await pass(30_000)
  assert.deepEqual(judged, [NOW + 10_000, NOW + 40_000])
  assert.deepEqual(uses, ['look', 'look'])
  assert.equal(watch.signal.aborted, false)
})

test('and loses the connection at once if it is refused', async (t) => {
  const { open, watch } = await setting(t, Infinity, async () => refused)
  open.judge(() => true)
  await watch.closed
  assert.ok(watch.signal.aborted)
})

test('whom it does not concern is not asked', async (t) => {
  const { judged, open, pass } = await setting(t, Infinity, async () => refused, { methods: ['session'] })
  open.judge(({ methods }) => methods.includes('certificate'))
  await pass(0)
  assert.deepEqual(judged, [])
})

for (const [what, now] of Object.entries({
  'a role more': { roles: ['tester', 'admin'] },
  'a role less': { roles: [] },
  'a permission more': { permissions: compilePermissions(['notes:read']) },
}))
  test(`a caller that has ${what} than when it was let in loses the connection`, async (t) => {
    const again: Authenticated = { kind: 'context', context: contextOf('user:alice', [], now) }
    const { open, watch } = await setting(t, Infinity, async () => again)
    open.judge(() => true)
    await watch.closed
    assert.ok(watch.signal.aborted)
  })

test('an answer that is complete is watched no more, and nothing was aborted', async (t) => {
  const { client, response, watch, judged, open, pass } = await setting(t, Infinity, async () => alice())
  client.on('response', (answer) => answer.resume())
  response.end()
  await watch.closed
  await pass(60_000)
  open.judge(() => true)
  assert.deepEqual(judged, [])
  assert.equal(watch.signal.aborted, false)
})

test('a client that goes away aborts what is done for it', async (t) => {
  const { client, watch, judged, pass } = await setting(t, Infinity, async () => alice())
  client.destroy()
  await watch.closed
  assert.ok(watch.signal.aborted)
  await pass(60_000)
  assert.deepEqual(judged, [])
})

test('a client that had gone before is noticed, too', async (t) => {
  const { client, response, pass } = await setting(t, Infinity, async () => alice())
  client.destroy()
  await once(response, 'close')
  const authenticate = async () => assert.fail('nobody is there to be judged')
  const watch = watchStream({
    response,
    context: contextOf('user:alice'),
    authenticate,
    sameRights,
    now: () => NOW,
    open: openAnswers(() => undefined),
  })
  await watch.closed
  assert.ok(watch.signal.aborted)
  await pass(60_000)
})

test('a client that goes away while it is judged is judged no more', async (t) => {
  const gate = Promise.withResolvers<Authenticated>()
  const { client, watch, judged, pass } = await setting(t, Infinity, async () => gate.promise)
  await pass(30_000)
  client.destroy()
  await watch.closed
  gate.resolve(alice())
  await pass(0)
  await pass(60_000)
  assert.equal(judged.length, 1)
})

test('however far the end is, the wait is from 1 ms to 30 s and never beyond it', () => {
  const time = fc.oneof(fc.integer({ min: -1e15, max: 1e15 }), fc.constantFrom(Infinity, -Infinity))
  fc.assert(
    fc.property(time, fc.integer({ min: 0, max: 1e15 }), (expiresAt, now) => {
      const wait = untilJudged(expiresAt, now)
      assert.ok(wait >= 1 && wait <= 30_000)
      if (expiresAt > now) assert.ok(now + wait <= expiresAt)
    }),
  )
})
