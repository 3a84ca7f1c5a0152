import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import { z } from 'zod'
import type { Policy } from '../../src/access/decision.ts'
import { createCatalog, type Catalog } from '../../src/mcp/catalog.ts'
import type { CatalogSource, ListKind } from '../../src/mcp/catalog-source.ts'
import { listChanges } from '../../src/mcp/list-changes.ts'
import { resourceChanges } from '../../src/mcp/resource-changes.ts'
import { defineResource } from '../../src/mcp/resource.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { callerOf } from '../support/caller.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint } from '../support/endpoint.ts'
import { eventsIn, type Events } from '../support/events.ts'
import { policyOf } from '../support/server.ts'

test('however many changes there are at once, each kind is told once', async () => {
  const told: ListKind[] = []
  const changes = listChanges(() => true)
  changes.open({ listener: () => callerOf('user:alice'), tell: (kind) => told.push(kind) })
  for (let at = 0; at < 1000; at++) changes.changed(['tools'])
  changes.changed(['tools', 'prompts'])
  assert.deepEqual(told, [])
  await turn()
  assert.deepEqual(told, ['tools', 'prompts'])
  changes.changed(['tools'])
  await turn()
  assert.deepEqual(told, ['tools', 'prompts', 'tools'])
})

test('what has changed for one principal is told to it alone, unless it has for everybody', async () => {
  const told: string[] = []
  const changes = listChanges(() => true)
  for (const name of ['user:alice', 'user:bob'])
    changes.open({ listener: () => callerOf(name), tell: (kind) => told.push(`${name} ${kind}`) })
  changes.changed(['resources'], 'user:bob')
  await turn()
  assert.deepEqual(told.splice(0), ['user:bob resources'])
  changes.changed(['resources'], 'user:bob')
  changes.changed(['resources'])
  changes.changed(['resources', 'tools'], 'user:alice')
  await turn()
  assert.deepEqual(told, ['user:alice resources', 'user:alice tools', 'user:bob resources'])
})

test('who may see nothing of a kind, does not listen, or has left is told nothing', async () => {
  const told: string[] = []
  const changes = listChanges(
    ({ context }, kind) => context.principal.id === 'user:alice' && kind === 'tools',
  )
  const listener = (name: string, is = true) => ({
    listener: () => (is ? callerOf(name) : undefined),
    tell: (kind: ListKind) => void told.push(`${name} ${kind}`),
  })
  changes.open(listener('user:alice'))
  changes.open(listener('user:alice', false))
  changes.open(listener('user:bob'))
  const end = changes.open(listener('user:alice'))
  changes.changed(['tools', 'prompts', 'resources'])
  end()
  end()
  await turn()
  assert.deepEqual(told, ['user:alice tools'])
})

const tool = (name: string) =>
  defineTool({
    name,
    description: 'x',
    inputSchema: z.strictObject({}),
    permission: 'test:use',
    run: () => textResult(name),
  })

/** A catalog that becomes another one, and a policy by which bob sees nothing. */
function setting() {
  const changes = resourceChanges()
  const note = (name: string) =>
    defineResource({
      name,
      description: 'x',
      uriTemplate: 'note://{id}',
      permission: 'test:use',
      list: async () => [],
      read: async () => undefined,
      follow: changes.follow,
    })
  let catalog: Catalog = createCatalog({ tools: [tool('one')] })
  const followers = new Set<(kinds: readonly ListKind[]) => void>()
  const source: CatalogSource = {
    current: () => catalog,
    follow(told) {
      followers.add(told)
      return () => void followers.delete(told)
    },
  }
  const policy: Policy = {
    ...policyOf(),
    decide: ({ principal }) =>
      principal.id === 'user:bob'
        ? { kind: 'deny', reason: 'no_permission', rule: null, shadow: [] }
        : { kind: 'allow', limits: [], shadow: [] },
  }
  return {
    ...testEndpoint({ source, policy, instructions: ({ context }) => `Hello ${context.principal.id}` }),
    changes,
    followers,
    note,
    become(next: Catalog, ...kinds: readonly ListKind[]) {
      catalog = next
      for (const told of followers) told(kinds)
    },
  }
}

type Setting = ReturnType<typeof setting>

async function eventsOf({
  answer,
}: {
  readonly answer: ReturnType<Setting['send']>['answer']
}): Promise<Events> {
  const given = await answer
  assert.ok(given.kind === 'response')
  return eventsIn(given.response)
}

async function sessionOf({ send }: Setting, principal: string): Promise<{ id: string; text: string }> {
  const sent = send(legacy('initialize', INITIALIZE), principal)
  const answer = await sent.answer
  assert.ok(answer.kind === 'response')
  const text = await sent.text()
  return { id: answer.response.headers.get('mcp-session-id') ?? assert.fail(), text }
}

const methodOf = async (events: Events) => (await events.next())['method']

test('clients of both eras are told of lists that have changed, and find them so', async () => {
  const endpoint = setting()
  const { id, text } = await sessionOf(endpoint, 'user:alice')
  assert.match(text, /"tools":\{"listChanged":true\}/)
  assert.match(text, /"instructions":"Hello user:alice"/)
  const { headers } = legacy('ping', {}, id)
  const stream = await eventsOf(
    endpoint.send({ method: 'GET', headers: { ...headers, accept: 'text/event-stream' } }, 'user:alice'),
  )
  const notifications = { toolsListChanged: true, resourcesListChanged: true }
  const listening = endpoint.send(modern('subscriptions/listen', { notifications }), 'user:alice')
  const events = await eventsOf(listening)
  assert.equal(await methodOf(events), 'notifications/subscriptions/acknowledged')
  endpoint.become(
    createCatalog({ tools: [tool('one'), tool('two')], resources: [endpoint.note('note')] }),
    'tools',
  )
  assert.equal(await methodOf(stream), 'notifications/tools/list_changed')
  assert.equal(await methodOf(events), 'notifications/tools/list_changed')
  assert.match(await endpoint.send(modern('tools/list'), 'user:alice').text(), /"name":"two"/)
  assert.match(await endpoint.send(legacy('tools/list', {}, id), 'user:alice').text(), /"name":"two"/)
  await endpoint.endpoint.close()
  assert.equal(endpoint.followers.size, 0)
})

test('who may see nothing of a list hears nothing of it', async () => {
  const endpoint = setting()
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
  const events = await eventsOf(endpoint.send(modern('subscriptions/listen', { notifications }), 'user:bob'))
  await events.next()
  endpoint.become(createCatalog({ tools: [tool('secret')] }), 'tools', 'prompts', 'resources')
  await turn()
  await endpoint.endpoint.close()
  assert.deepEqual(
    (await events.rest()).map(({ method }) => method),
    [undefined],
  )
})

test('a family that is new is followed, one that is gone no more, one that stays once', async () => {
  const endpoint = setting()
  const stays = endpoint.note('note')
  endpoint.become(createCatalog({ resources: [stays] }), 'resources')
  const notifications = { resourceSubscriptions: ['note://a'] }
  const events = await eventsOf(
    endpoint.send(modern('subscriptions/listen', { notifications }), 'user:alice'),
  )
  await events.next()
  endpoint.become(createCatalog({ resources: [stays], tools: [tool('one')] }), 'tools')
  endpoint.changes.changed('note://a')
  assert.equal(await methodOf(events), 'notifications/resources/updated')
  endpoint.become(createCatalog({}), 'resources')
  endpoint.changes.changed('note://a')
  await turn()
  await endpoint.endpoint.close()
  assert.deepEqual(
    (await events.rest()).map(({ method }) => method),
    [undefined],
  )
})
