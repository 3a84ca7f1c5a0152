import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../src/access/decision.ts'
import { createCatalog } from '../../src/mcp/catalog.ts'
import { describePrompt, describeTemplate, describeTool } from '../../src/mcp/describe.ts'
import { definePrompt } from '../../src/mcp/prompt.ts'
import { defineResource, type ResourceDefinition } from '../../src/mcp/resource.ts'
import { surfaceOf } from '../../src/mcp/surface-of.ts'
import type { ToolDefinition } from '../../src/mcp/tool.ts'
import { modern } from '../support/clients.ts'
import { testEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

const family = (name: string, uriTemplate: string, more: Partial<ResourceDefinition> = {}) =>
  defineResource({
    name,
    description: 'x',
    uriTemplate,
    permission: 'test:read',
    list: async () => [],
    read: async () => undefined,
    ...more,
  })
const rest = { isRest: true, upstream: 'wiki' } as const

test('what no other family takes is of the rest that says most of it', () => {
  const catalog = createCatalog({
    resources: [
      family('aaa', '{+uri}', { isRest: true, upstream: 'plain' }),
      family('rest', 'wiki+{+uri}', rest),
      family('zzz', 'wiki+page://{id}', { upstream: 'wiki' }),
    ],
  })
  const nameOf = (uri: string) => catalog.resource(uri)?.definition.name
  assert.equal(nameOf('wiki+page://1'), 'zzz')
  assert.equal(nameOf('wiki+file:///a/b.md?c=d'), 'rest')
  assert.equal(nameOf('file:///a/b.md'), 'aaa')
})

const LISTED = ['wiki+file:///a', 'wiki+page://1', 'wiki+page://secret', 'other://1', 'wiki+page://1']

async function ask(method: string, resources: readonly ResourceDefinition[]): Promise<string> {
  const policy: Policy = {
    ...policyOf(),
    decide: (_context, { resource, permission }) =>
      resource.includes('secret') || permission === 'test:never'
        ? { kind: 'deny', reason: 'denied_by_rule', rule: 'r', shadow: [] }
        : { kind: 'allow', limits: [], shadow: [] },
  }
  return testEndpoint({ resources, policy }).send(modern(method)).text()
}

const all = [
  family('rest', 'wiki+{+uri}', {
    ...rest,
    list: async () => LISTED.map((uri) => ({ uri, name: uri })),
  }),
  family('page', 'wiki+page://{id}', { upstream: 'wiki' }),
  family('other', 'other://{id}', { upstream: 'another' }),
]

test('a rest is no template', async () => {
  assert.deepEqual((await ask('resources/templates/list', all)).match(/"uriTemplate":"[^"]+"/g), [
    '"uriTemplate":"other://{id}"',
    '"uriTemplate":"wiki+page://{id}"',
  ])
})

test('what one family lists for another of its upstream is decided as of that other, and listed once', async () => {
  const urisIn = (text: string) => [...text.matchAll(/"uri":"([^"]+)"/g)].map(([, uri]) => uri)
  assert.deepEqual(urisIn(await ask('resources/list', all)), ['wiki+file:///a', 'wiki+page://1'])
  const [rests, page, other] = all
  assert.ok(rests && page && other)
  const never = [rests, { ...page, permission: 'test:never' as const }, other]
  assert.deepEqual(urisIn(await ask('resources/list', never)), ['wiki+file:///a'])
})

test('families that are nobody\u2019s do not list for each other', async () => {
  const own = [
    family('a', 'a://{id}', { list: async () => [{ uri: 'b://1', name: 'b' }] }),
    family('b', 'b://{id}'),
  ]
  assert.doesNotMatch(await ask('resources/list', own), /b:\/\/1/)
})

test('the surface names the upstream, and has the annotations that were approved', () => {
  const tool: ToolDefinition = {
    name: 'wiki_search',
    title: undefined,
    description: 'x',
    inputSchema: { type: 'object' },
    outputSchema: { type: 'object', properties: { hits: { type: 'number' } } },
    annotations: { readOnlyHint: true },
    icons: [{ src: 'https://wiki.example/icon.png' }],
    permission: 'wiki:search',
    upstream: 'wiki',
    prepare: async () => assert.fail(),
  }
  const prompt = definePrompt({
    name: 'wiki_ask',
    description: 'x',
    arguments: [],
    icons: [{ src: 'https://wiki.example/ask.png' }],
    permission: 'wiki:prompt-ask',
    upstream: 'wiki',
    get: async () => undefined,
  })
  const page = family('page', 'wiki+page://{id}', { upstream: 'wiki', icons: [{ src: 'data:,x' }] })
  const surface = surfaceOf(createCatalog({ tools: [tool], prompts: [prompt], resources: [page] }))
  assert.deepEqual(
    surface.map(({ kind, upstream, annotations }) => [kind, upstream, annotations]),
    [
      ['tool', 'wiki', { readOnlyHint: true }],
      ['prompt', 'wiki', null],
      ['resource', 'wiki', null],
    ],
  )
  const { outputSchema, icons } = describeTool(tool)
  assert.deepEqual([outputSchema, icons], [tool.outputSchema, tool.icons])
  assert.deepEqual(describePrompt(prompt).icons, prompt.icons)
  assert.deepEqual(describeTemplate(page).icons, page.icons)
})
