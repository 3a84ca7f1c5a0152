import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineResource, type ResourceDefinition } from '../../src/mcp/resource.ts'
import { watchesOf } from '../../src/mcp/watches.ts'
import { contextOf } from '../support/caller.ts'

/** A family that says what it is asked to watch. */
function family(steps: string[], name = 'doc'): ResourceDefinition & { changed: Map<string, () => void> } {
  const changed = new Map<string, () => void>()
  const definition = defineResource({
    name,
    description: 'x',
    uriTemplate: 'doc://{id}',
    permission: 'test:read',
    list: async () => [],
    read: async () => undefined,
    watch(uri, { principal }, told) {
      steps.push(`${name} begins ${uri} for ${principal.id}`)
      changed.set(principal.id, told)
      return () => void steps.push(`${name} ends ${uri} for ${principal.id}`)
    },
  })
  return { ...definition, changed }
}

const [alice, bob] = [contextOf('user:alice'), contextOf('user:bob')]

test('each principal has a resource watched once, from its first watcher to its last', () => {
  const steps: string[] = []
  const doc = family(steps)
  const watches = watchesOf({ find: (uri) => ({ definition: doc, uri }), changed: () => undefined })
  watches.begin(alice, 'doc://1')
  watches.begin(alice, 'doc://1')
  watches.begin(bob, 'doc://1')
  watches.end('user:alice', 'doc://1')
  watches.end('user:bob', 'doc://1')
  watches.end('user:bob', 'doc://1')
  watches.end('user:alice', 'doc://1')
  watches.end('user:mallory', 'doc://1')
  assert.deepEqual(steps, [
    'doc begins doc://1 for user:alice',
    'doc begins doc://1 for user:bob',
    'doc ends doc://1 for user:bob',
    'doc ends doc://1 for user:alice',
  ])
})

test('what a family tells is told of the principal it was asked for', () => {
  const doc = family([])
  const told: string[] = []
  const changed = (uri: string, principal: string) => void told.push(`${uri} ${principal}`)
  const watches = watchesOf({ find: (uri) => ({ definition: doc, uri }), changed })
  watches.begin(alice, 'doc://1')
  watches.begin(bob, 'doc://1')
  doc.changed.get('user:bob')?.()
  assert.deepEqual(told, ['doc://1 user:bob'])
})

test('another family of the same resource is asked in its place, and the same one is left alone', () => {
  const steps: string[] = []
  let current: ResourceDefinition | undefined = family(steps, 'old')
  const watches = watchesOf({
    find: (uri) => current && { definition: current, uri },
    changed: () => undefined,
  })
  watches.begin(alice, 'doc://1')
  watches.renew()
  current = undefined
  watches.renew()
  current = family(steps, 'new')
  watches.renew()
  watches.end('user:alice', 'doc://1')
  assert.deepEqual(
    steps,
    ['old begins', 'old ends', 'new begins', 'new ends'].map((step) => `${step} doc://1 for user:alice`),
  )
})
