import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { namesOf, type NamedKind } from '../../../src/mcp/upstreams/names.ts'
import type { UpstreamOptions } from '../../../src/mcp/upstreams/options.ts'
import { wiki } from '../../support/relaying.ts'

const naming = (kind: NamedKind, own: string, options: Partial<UpstreamOptions> = {}) =>
  namesOf(wiki(options)).of(kind, own)
const named = (name: string, permission: string) => ({ kind: 'named', name, permission })
const BAD = { kind: 'bad_name' }

test('each kind has the name of its upstream before it, and a permission of its own', () => {
  assert.deepEqual(naming('tool', 'search'), named('wiki_search', 'wiki:search'))
  assert.deepEqual(naming('prompt', 'search'), named('wiki_search', 'wiki:prompt-search'))
  assert.deepEqual(naming('template', 'page'), named('wiki_page', 'wiki:resource-page'))
  assert.deepEqual(namesOf(wiki()).rest, named('wiki_resources', 'wiki:resources'))
  assert.deepEqual(naming('tool', 'search', { prefix: false }), named('search', 'wiki:search'))
})

test('a permission is in small letters, and what is none of its characters is a hyphen', () => {
  assert.deepEqual(naming('tool', 'getPage.v2'), named('wiki_getPage.v2', 'wiki:getpage-v2'))
  assert.deepEqual(
    naming('template', 'Dynamic Text'),
    named('wiki_Dynamic-Text', 'wiki:resource-dynamic-text'),
  )
})

test('what can have no name, or no permission, has none', () => {
  const bad = ['', 'two words', 'a\nb', 'é', '.', '_private', 'a'.repeat(65), '__proto__', 'a/b', 'a\u200Bb']
  for (const own of bad) assert.deepEqual(naming('tool', own), BAD, JSON.stringify(own))
  assert.deepEqual(naming('tool', 'a'.repeat(64)), named(`wiki_${'a'.repeat(64)}`, `wiki:${'a'.repeat(64)}`))
  assert.deepEqual(naming('template', 'a'.repeat(300)), BAD)
})

test('a long name can be served where its permission is configured', () => {
  const own = 'a'.repeat(100)
  const permissions = [{ names: 'a*', permission: 'wiki:read' }]
  assert.deepEqual(naming('tool', own, { permissions }), named(`wiki_${own}`, 'wiki:read'))
  assert.deepEqual(naming('tool', 'a'.repeat(124), { permissions }), BAD)
})

test('the first permission whose glob fits wins, and {tool} stands for the verb', () => {
  const permissions = [
    { names: 'get_*', permission: 'wiki:read' },
    { names: '*', permission: 'pages:{tool}' },
  ]
  assert.deepEqual(naming('tool', 'get_page', { permissions }), named('wiki_get_page', 'wiki:read'))
  assert.deepEqual(naming('prompt', 'Write', { permissions }), named('wiki_Write', 'pages:prompt-write'))
  assert.deepEqual(namesOf(wiki({ permissions })).rest, named('wiki_resources', 'pages:resources'))
  assert.deepEqual(naming('tool', 'x', { permissions: [{ names: '*', permission: 'wiki:*' }] }), BAD)
  assert.deepEqual(
    naming('tool', '$&', { permissions: [{ names: '*', permission: 'a:{tool}' }], prefix: false }),
    BAD,
  )
})

test('what is not allowed, or is denied, does not exist; denied wins', () => {
  const options = { allow: ['get_*', 'search'], deny: ['*_secret'] }
  assert.equal(naming('tool', 'search', options).kind, 'named')
  assert.equal(naming('tool', 'get_page', options).kind, 'named')
  for (const own of ['get_secret', 'write', 'SEARCH'])
    assert.equal(naming('tool', own, options).kind, 'unwanted')
})

test('a resource is wanted by its URI, and not where its spelling makes the difference', () => {
  const open = namesOf(wiki({ allow: ['*'], deny: ['file:///etc/**'] }))
  assert.ok(open.wantsUri('file:///a/b.md'))
  for (const uri of ['file:///etc/passwd', 'file:///%65tc/passwd', 'file:///a/../etc/passwd'])
    assert.ok(!open.wantsUri(uri), uri)
  const closed = namesOf(wiki({ allow: ['search', 'file:///srv/**'] }))
  assert.ok(closed.wantsUri('file:///srv/a'))
  for (const uri of ['file:///a', 'file:///srv/../a', 'http://x']) assert.ok(!closed.wantsUri(uri), uri)
})

test('no two tools of two upstreams have one name', () => {
  const upstream = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/)
  const own = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/)
  fc.assert(
    fc.property(upstream, own, upstream, own, (one, a, other, b) => {
      fc.pre(one !== other)
      const [first, second] = [naming('tool', a, { name: one }), naming('tool', b, { name: other })]
      assert.ok(first.kind !== 'named' || second.kind !== 'named' || first.name !== second.name)
    }),
  )
})
