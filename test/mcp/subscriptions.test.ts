import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Action, Decision, Policy } from '../../src/access/decision.ts'
import { resourceChanges } from '../../src/mcp/resource-changes.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { createSubscriptions } from '../../src/mcp/subscriptions.ts'
import { callerOf } from '../support/caller.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint, type TestEndpoint } from '../support/endpoint.ts'
import { eventsIn, type Events } from '../support/events.ts'
import { heard } from '../support/heard.ts'
import { policyOf } from '../support/server.ts'

interface Setting extends TestEndpoint {
  /** A note has changed. */
  readonly changed: (uri: string) => void
  /** From now on these are denied, of URIs with that in them. */
  forbid(actions: readonly Action[], within: string): void
}

/** An endpoint with notes that change as the test says, and a policy that denies as it says. */
function setting(): Setting {
  const changes = resourceChanges()
  let denied: { actions: readonly Action[]; within: string } = { actions: [], within: '' }
  const policy: Policy = {
    ...policyOf(),
    decide(_context, { action, resource }): Decision {
      return denied.actions.includes(action) && resource.includes(denied.within)
        ? { kind: 'deny', reason: 'denied_by_rule', rule: 'test', shadow: [] }
        : { kind: 'allow', limits: [], shadow: [] }
    },
  }
  const note = defineResource({
    name: 'note',
    description: 'A note.',
    uriTemplate: 'note://{id}',
    permission: 'notes:read',
    list: async () => [],
    read: async () => undefined,
    follow: changes.follow,
  })
  const endpoint = testEndpoint({ resources: [note], policy })
  return {
    ...endpoint,
    changed: changes.changed,
    forbid(actions, within) {
      denied = { actions, within }
    },
  }
}

/** What the two eras have in common: a client that watches, and hears. */
interface Watcher {
  /** Whether it was granted. */
  watch(uri: string): Promise<boolean>
  unwatch(uri: string): Promise<void>
  /** The URI of the next notification. */
  heard(): Promise<unknown>
  /** What is heard until the client has gone. */
  leave(): Promise<readonly unknown[]>
}

const METHOD = 'notifications/resources/updated'
const uriOf = (message: Record<string, unknown>): unknown => {
  assert.equal(message['method'], METHOD)
  return (message['params'] as { uri?: unknown }).uri
}

async function sessionOf(endpoint: TestEndpoint, principal?: string): Promise<string> {
  const sent = endpoint.send(legacy('initialize', INITIALIZE), principal)
  const answer = await sent.answer
  assert.ok(answer.kind === 'response')
  await sent.text()
  return answer.response.headers.get('mcp-session-id') ?? assert.fail()
}

async function streamOf(sent: ReturnType<TestEndpoint['send']>): Promise<Events> {
  const answer = await sent.answer
  assert.ok(answer.kind === 'response' && answer.response.status === 200)
  return eventsIn(answer.response)
}

async function legacyWatcher(endpoint: TestEndpoint): Promise<Watcher> {
  const session = await sessionOf(endpoint)
  const { headers } = legacy('', {}, session)
  const get = endpoint.send({ method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })
  const events = await streamOf(get)
  const ask = async (method: string, uri: string) => endpoint.send(legacy(method, { uri }, session)).text()
  return {
    async watch(uri) {
      const text = await ask('resources/subscribe', uri)
      if (text.includes('"result":{}')) return true
      assert.match(text, /-32602,"message":"Resource not found"/)
      return false
    },
    async unwatch(uri) {
      assert.match(await ask('resources/unsubscribe', uri), /"result":\{\}/)
    },
    heard: async () => uriOf(await events.next()),
    async leave() {
      await endpoint.send({ method: 'DELETE', headers }).text()
      return (await events.rest()).map(uriOf)
    },
  }
}

/** Each URI has a stream of its own, whose acknowledgement says what was granted. */
async function modernWatcher(endpoint: TestEndpoint): Promise<Watcher> {
  const told = heard<unknown>()
  const streams = new Map<string, { over: Promise<void>; end: () => Promise<void> }>()
  let id = 0
  return {
    async watch(uri) {
      const params = { notifications: { resourceSubscriptions: [uri] } }
      const sent = endpoint.send(modern('subscriptions/listen', params, ++id))
      const events = await streamOf(sent)
      const { method, params: granted } = await events.next()
      assert.equal(method, 'notifications/subscriptions/acknowledged')
      const { notifications } = granted as { notifications: { resourceSubscriptions?: string[] } }
      if (notifications.resourceSubscriptions === undefined) return false
      assert.deepEqual(notifications, { resourceSubscriptions: [uri] })
      const over = events.each((message) => 'result' in message || told.hear(uriOf(message)))
      streams.set(uri, { over, end: sent.leave })
      return true
    },
    async unwatch(uri) {
      const stream = streams.get(uri) ?? assert.fail()
      streams.delete(uri)
      await stream.end().catch(() => undefined)
      await stream.over
    },
    heard: async () => told.next(),
    async leave() {
      // What is complete ends with its answer; everything before it is what was heard.
      await endpoint.endpoint.close()
      await Promise.all([...streams.values()].map(async ({ over }) => over))
      return told.unheard
    },
  }
}

const ERAS = { '2025-11-25': legacyWatcher, '2026-07-28': modernWatcher }

for (const [era, watcherOf] of Object.entries(ERAS))
  describe(`subscriptions of ${era}`, () => {
    test('who watches a resource hears of it, and of no other', async () => {
      const endpoint = setting()
      const watcher = await watcherOf(endpoint)
      assert.ok(await watcher.watch('note://a'))
      endpoint.changed('note://b')
      endpoint.changed('note://a')
      assert.equal(await watcher.heard(), 'note://a')
      assert.deepEqual(await watcher.leave(), [])
    })

    test('however its URI is written, it is the same resource', async () => {
      const endpoint = setting()
      const watcher = await watcherOf(endpoint)
      assert.ok(await watcher.watch('note://%61'))
      endpoint.changed('note://a')
      assert.equal(await watcher.heard(), 'note://%61')
      endpoint.forbid(['resources/subscribe'], 'note://b')
      assert.equal(await watcher.watch('note://%62'), false)
    })

    test('who ends it hears of it no more', async () => {
      const endpoint = setting()
      const watcher = await watcherOf(endpoint)
      await watcher.watch('note://a')
      await watcher.watch('note://b')
      await watcher.unwatch('note://a')
      endpoint.changed('note://a')
      endpoint.changed('note://b')
      assert.equal(await watcher.heard(), 'note://b')
      assert.deepEqual(await watcher.leave(), [])
    })

    test('what may not be watched, or not be read, is not there, on record', async () => {
      for (const action of ['resources/subscribe', 'resources/read'] as const) {
        const endpoint = setting()
        endpoint.forbid([action], 'secret')
        const watcher = await watcherOf(endpoint)
        assert.equal(await watcher.watch('note://secret'), false)
        assert.equal(await watcher.watch('toad://secret'), false)
        assert.ok(await watcher.watch('note://a'))
        const decided = endpoint.events.flatMap((event) =>
          event.event === 'resource.decided' ? [[event.action, event.resource, event.reason]] : [],
        )
        assert.deepEqual(decided, [
          [
            'resources/subscribe',
            'note://secret',
            action === 'resources/subscribe' ? 'denied_by_rule' : null,
          ],
          ['resources/subscribe', 'toad://secret', 'unknown_name'],
          ['resources/subscribe', 'note://a', null],
        ])
      }
    })

    test('who may no longer know of a resource hears nothing from that moment on', async () => {
      for (const action of ['resources/subscribe', 'resources/read'] as const) {
        const endpoint = setting()
        const watcher = await watcherOf(endpoint)
        await watcher.watch('note://a')
        await watcher.watch('note://b')
        endpoint.changed('note://a')
        assert.equal(await watcher.heard(), 'note://a')
        endpoint.forbid([action], 'a')
        endpoint.changed('note://a')
        endpoint.changed('note://b')
        assert.equal(await watcher.heard(), 'note://b')
        assert.deepEqual(await watcher.leave(), [])
      }
    })

    test('a principal watches no more than it may, over all that it has open', async () => {
      const endpoint = setting()
      const session = await sessionOf(endpoint)
      const subscribe = (uri: string) => legacy('resources/subscribe', { uri }, session)
      for (let n = 0; n < 255; n++)
        assert.match(await endpoint.send(subscribe(`note://${n}`)).text(), /"result":\{\}/)
      const watcher = await watcherOf(endpoint)
      assert.ok(await watcher.watch('note://last'))
      const message =
        era === '2025-11-25'
          ? subscribe('note://more')
          : modern('subscriptions/listen', { notifications: { resourceSubscriptions: ['note://more'] } })
      const [more, other] = [await endpoint.send(message).text(), await sessionOf(endpoint, 'service:other')]
      assert.match(more, /"code":429,"message":"Too many subscriptions: end one first"/)
      const others = endpoint.send(
        legacy('resources/subscribe', { uri: 'note://more' }, other),
        'service:other',
      )
      assert.match(await others.text(), /"result":\{\}/)
      await watcher.unwatch('note://last')
      assert.match(await endpoint.send(subscribe('note://last')).text(), /"result":\{\}/)
    })
  })

test('a session hears on its own stream alone, and only while there is one', async () => {
  const endpoint = setting()
  const session = await sessionOf(endpoint)
  await endpoint.send(legacy('resources/subscribe', { uri: 'note://a' }, session)).text()
  endpoint.changed('note://a')
  const { headers } = legacy('', {}, session)
  const listen = async () => {
    const sent = endpoint.send({ method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })
    return { sent, events: await streamOf(sent) }
  }
  const one = await listen()
  endpoint.changed('note://a')
  assert.equal(uriOf(await one.events.next()), 'note://a')
  // A second stream of one session is refused, and takes nothing over.
  const second = endpoint.send({ method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })
  assert.match(await second.text(), /^409 /)
  await second.leave().catch(() => undefined)
  endpoint.changed('note://a')
  assert.equal(uriOf(await one.events.next()), 'note://a')
  await one.sent.leave().catch(() => undefined)
})

test('several resources on one stream are granted each for itself', async () => {
  const endpoint = setting()
  endpoint.forbid(['resources/subscribe'], 'secret')
  const uris = ['note://a', 'note://secret', 'toad://a', 'note://b', 'note://a']
  const notifications = { toolsListChanged: true, resourceSubscriptions: uris }
  const sent = endpoint.send(modern('subscriptions/listen', { notifications }))
  const events = await streamOf(sent)
  const { params } = await events.next()
  assert.deepEqual((params as { notifications: unknown }).notifications, {
    toolsListChanged: true,
    resourceSubscriptions: ['note://a', 'note://b'],
  })
  assert.equal(endpoint.events.filter(({ event }) => event === 'resource.decided').length, 4)
  endpoint.changed('note://b')
  assert.equal(uriOf(await events.next()), 'note://b')
  await endpoint.endpoint.close()
  assert.deepEqual(
    (await events.rest()).map(({ result }) => result !== undefined),
    [true],
  )
})

test('one request asks for no more resources than may be watched, whether they exist or not', async () => {
  const endpoint = setting()
  const listen = (count: number) => {
    const resourceSubscriptions = Array.from({ length: count }, (_, n) => `toad://${n}`)
    return endpoint.send(modern('subscriptions/listen', { notifications: { resourceSubscriptions } }))
  }
  const decided = () => endpoint.events.filter(({ event }) => event === 'resource.decided').length
  assert.match(await listen(257).text(), /"code":429,"message":"Too many subscriptions: end one first"/)
  assert.equal(decided(), 0)
  const sent = listen(256)
  await streamOf(sent)
  assert.equal(decided(), 256)
  await sent.leave().catch(() => undefined)
})

test('a subscription that cannot be put on record is none', async () => {
  const note = defineResource({
    name: 'note',
    description: 'A note.',
    uriTemplate: 'note://{id}',
    permission: 'notes:read',
    list: async () => [],
    read: async () => undefined,
  })
  const endpoint = testEndpoint({ resources: [note], failAudit: () => true })
  const params = { notifications: { resourceSubscriptions: ['note://a'] } }
  assert.equal(await endpoint.send(modern('subscriptions/listen', params)).text(), 'store_unavailable')
})

test('a stream that the protocol layer refuses leaves nothing behind', async () => {
  const endpoint = setting()
  const listen = modern('subscriptions/listen', { notifications: { resourceSubscriptions: ['note://a'] } })
  for (let n = 0; n < 300; n++) {
    const bad = { ...listen, headers: { ...listen.headers, 'mcp-method': 'tools/list' } }
    assert.match(await endpoint.send(bad).text(), /^400 .*-32020/)
  }
  const events = await streamOf(endpoint.send(listen))
  assert.equal((await events.next())['method'], 'notifications/subscriptions/acknowledged')
  await events.cancel()
})

test('a family tells of its own resources alone', async () => {
  const changes = resourceChanges()
  const family = { description: 'x', permission: 'authenticated', list: async () => [] } as const
  const read = async () => undefined
  const liar = defineResource({
    ...family,
    name: 'liar',
    uriTemplate: 'liar://{id}',
    read,
    follow: changes.follow,
  })
  const note = defineResource({ ...family, name: 'note', uriTemplate: 'note://{id}', read })
  const endpoint = testEndpoint({ resources: [liar, note] })
  const watcher = await legacyWatcher(endpoint)
  await watcher.watch('note://a')
  await watcher.watch('liar://a')
  changes.changed('note://a')
  changes.changed('liar://a')
  assert.equal(await watcher.heard(), 'liar://a')
  assert.deepEqual(await watcher.leave(), [])
})

test('what is watched twice counts once, and what has ended counts no more', () => {
  const subscriptions = createSubscriptions({
    perPrincipal: 2,
    keyOf: (uri) => uri,
    mayBeTold: () => true,
    watches: { begin: () => undefined, end: () => undefined },
  })
  const { context } = callerOf('user:alice')
  const told: string[] = []
  const subscriber = { listener: () => callerOf('user:alice'), tell: (uri: string) => told.push(uri) }
  const one = subscriptions.open('user:alice', subscriber)
  assert.deepEqual(
    [one.add('a', context), one.add('a', context), one.add('b', context), one.add('c', context)],
    [true, true, true, false],
  )
  subscriptions.updated('a')
  one.remove('a')
  one.remove('a')
  assert.equal(one.add('c', context), true)
  one.end()
  one.end()
  subscriptions.updated('b')
  const other = subscriptions.open('user:alice', subscriber)
  assert.deepEqual(
    [other.add('a', context), other.add('b', context), other.add('c', context)],
    [true, true, false],
  )
  assert.deepEqual(told, ['a'])
})
