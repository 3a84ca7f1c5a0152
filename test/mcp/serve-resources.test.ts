import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessRequest, Arguments, Decision, Policy } from '../../src/access/decision.ts'
import { defineResource, type ResourceDefinition } from '../../src/mcp/resource.ts'
import { modern } from '../support/clients.ts'
import { testEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

const family = (name: string, uris: readonly string[]): ResourceDefinition =>
  defineResource({
    name,
    description: 'x',
    uriTemplate: `${name}://{id}`,
    permission: 'test:read',
    list: async () => uris.map((uri) => ({ uri, name: uri })),
    read: async (uri, variables) => ({ contents: [{ uri, text: JSON.stringify(variables) }] }),
  })

interface Asked {
  readonly request: AccessRequest
  readonly args: Arguments
}

function setting(resources: readonly ResourceDefinition[], denies: (asked: Asked) => boolean = () => false) {
  const asked: Asked[] = []
  const policy: Policy = {
    ...policyOf(),
    decide(_context, request, args): Decision {
      asked.push({ request, args })
      return denies({ request, args })
        ? { kind: 'deny', reason: 'denied_by_rule', rule: 'r', shadow: [] }
        : { kind: 'allow', limits: [], shadow: [] }
    },
  }
  const endpoint = testEndpoint({ resources, policy })
  const listed = async (): Promise<readonly string[]> => {
    const text = await endpoint.send(modern('resources/list')).text()
    const { result } = JSON.parse(text.slice(4)) as { result: { resources: { uri: string }[] } }
    return result.resources.map(({ uri }) => uri)
  }
  return { ...endpoint, asked, listed }
}

test('a family is asked for as a whole, and then each of its resources with its variables', async () => {
  const { listed, asked } = setting([family('a', ['a://1', 'a://%32'])])
  assert.deepEqual(await listed(), ['a://%32', 'a://1'])
  const common = { action: 'resources/list', kind: 'resource', entry: 'a://{id}', permission: 'test:read' }
  const [whole, ...each] = asked
  assert.deepEqual(whole?.request, { ...common, resource: 'a://{id}', isFamily: true })
  assert.equal(typeof whole?.args, 'symbol')
  assert.deepEqual(
    each.map(({ request, args }) => ({ request, args: { ...(typeof args === 'symbol' ? {} : args) } })),
    [
      { request: { ...common, resource: 'a://1' }, args: { id: '1' } },
      { request: { ...common, resource: 'a://2' }, args: { id: '2' } },
    ],
  )
})

test('a resource that may not be read is not listed, and a family of which nothing may be read is not looked at', async () => {
  const one = setting([family('a', ['a://1', 'a://2'])], ({ request }) => request.resource === 'a://1')
  assert.deepEqual(await one.listed(), ['a://2'])
  const closed = defineResource({ ...family('a', []), list: async () => assert.fail('it was looked at') })
  const none = setting([closed], ({ request }) => request.isFamily === true)
  assert.deepEqual(await none.listed(), [])
  assert.deepEqual(none.problems, [])
})

test('what a family lists and could not read is left out', async () => {
  const { listed } = setting([family('a', ['a://1', 'b://1', 'c://1', 'a://', 'a://x/y']), family('b', [])])
  assert.deepEqual(await listed(), ['a://1'])
})

test('what is read has its one URI, in the answer, in the decision and on record', async () => {
  const { send, asked, events } = setting([family('a', [])])
  assert.match(await send(modern('resources/read', { uri: 'a://%31' })).text(), /"uri":"a:\/\/1"/)
  assert.deepEqual(
    asked.map(({ request }) => request.resource),
    ['a://1'],
  )
  assert.deepEqual(
    events.flatMap((event) => (event.event === 'resource.decided' ? [event.resource] : [])),
    ['a://1'],
  )
})
