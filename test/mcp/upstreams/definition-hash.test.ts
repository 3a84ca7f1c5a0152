import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { definitionOf } from '../../../src/mcp/upstreams/definition-hash.ts'
import { definitions } from '../../support/definitions.ts'

const SEARCH = { name: 'search', description: 'Searches.', inputSchema: { type: 'object' } }

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  )
}

function nested(depth: number): unknown {
  return depth === 0 ? {} : { properties: nested(depth - 1) }
}

describe('a definition', () => {
  test('has the hash of its canonical JSON', () => {
    // printf '{"description":"Searches.","inputSchema":{"type":"object"},"name":"search"}' | sha256sum
    assert.equal(
      definitionOf('tool', SEARCH)?.hash,
      'sha256:dd6a4727673825c510074cc659a31b1b52aa4a565d10cdece4da8d3435e6a107',
    )
  })

  test('has the same hash for any order of keys, and for any member that nobody reads', () => {
    fc.assert(
      fc.property(definitions, ({ kind, value, hash }) => {
        const other = reversed({ ...value, unheardOf: 1 })
        assert.equal(definitionOf(kind, other)?.hash, hash)
        assert.ok(!('unheardOf' in (definitionOf(kind, other)?.value ?? {})))
      }),
      { numRuns: 100 },
    )
  })

  test('has another hash for every letter of what is read', () => {
    const { hash } = definitionOf('tool', SEARCH) ?? {}
    for (const other of [
      { title: '' },
      { description: 'Searches. ' },
      { description: 'Searches.\u200b' },
      { description: 'Se\u0430rches.' },
      { inputSchema: { type: 'object', properties: {} } },
      { inputSchema: { type: 'object', properties: { query: { type: 'string' } } } },
      { outputSchema: {} },
      { annotations: { readOnlyHint: true } },
      { icons: [{ src: 'https://a.example/i.png' }] },
      { name: 'Search' },
    ])
      assert.notEqual(definitionOf('tool', { ...SEARCH, ...other })?.hash, hash, JSON.stringify(other))
  })

  test('has nothing of what nobody is served, and so may change with every listing', () => {
    const others = [
      { _meta: { 'vendor.example/listed': '2026-07-28T12:00:00Z', 'sallyport/principal': 'user:root' } },
      { _meta: 'none' },
      { execution: { taskSupport: 'optional' } },
    ]
    for (const other of others) assert.deepEqual(definitionOf('tool', { ...SEARCH, ...other })?.value, SEARCH)
    const page = { name: 'page', uriTemplate: 'wiki://{id}' }
    for (const other of [...others, { annotations: { lastModified: '2026-07-28T12:00:00Z' } }])
      assert.deepEqual(definitionOf('template', { ...page, ...other })?.value, page)
  })

  test('cannot be changed afterwards, neither by whoever listed it nor by whoever got it', () => {
    const listed = structuredClone({ ...SEARCH, inputSchema: { type: 'object', properties: { a: {} } } })
    const schema = definitionOf('tool', listed)?.value['inputSchema']
    listed.inputSchema.properties.a = { description: 'changed' }
    assert.deepEqual(schema, { type: 'object', properties: { a: {} } })
    assert.throws(() => Object.assign(schema ?? {}, { type: 'string' }), TypeError)
  })

  test('leaves what stands behind an address where it is', () => {
    const inputSchema = { type: 'object', $ref: 'https://evil.example/schema', pattern: '(a+)+$' }
    assert.deepEqual(definitionOf('tool', { ...SEARCH, inputSchema })?.value['inputSchema'], inputSchema)
  })
})

describe('no definition is', () => {
  const bad: readonly (readonly [string, unknown])[] = [
    ['no object', 'search'],
    ['nothing', null],
    ['a list', [SEARCH]],
    ['without a name', { inputSchema: { type: 'object' } }],
    ['of a name that is no text', { ...SEARCH, name: 1 }],
    ['without a schema', { name: 'search' }],
    ['of a schema of a text', { ...SEARCH, inputSchema: { type: 'string' } }],
    ['of a description that is no text', { ...SEARCH, description: { text: 'x' } }],
    ['of icons that are none', { ...SEARCH, icons: ['x'] }],
    ['deeper than 32', { ...SEARCH, inputSchema: { type: 'object', properties: nested(40) } }],
    ['deeper than the stack', { ...SEARCH, inputSchema: { type: 'object', properties: nested(5_000) } }],
    ['larger than 64 KiB', { ...SEARCH, description: 'x'.repeat(65_536) }],
    ['of 10 MB', { ...SEARCH, description: 'x'.repeat(10_000_000) }],
    ['larger by its keys', { ...SEARCH, inputSchema: { type: 'object', ['x'.repeat(65_536)]: 1 } }],
    [
      'larger by small things',
      { ...SEARCH, inputSchema: { type: 'object', enum: Array.from({ length: 70_000 }, () => 1) } },
    ],
    ['larger in UTF-8', { ...SEARCH, description: '文'.repeat(30_000) }],
    ['with a number that JSON cannot hold', { ...SEARCH, annotations: { a: JSON.parse('1e999') } }],
    [
      'with __proto__',
      JSON.parse('{"name":"x","inputSchema":{"type":"object","properties":{"__proto__":{}}}}'),
    ],
  ]
  for (const [what, listed] of bad)
    test(`what is ${what}`, () => {
      assert.equal(definitionOf('tool', listed), undefined)
    })

  test('a prompt or template that is not whole', () => {
    for (const one of [
      {},
      { name: 'p', arguments: {} },
      { name: 'p', arguments: [{}] },
      { name: 'p', arguments: [{ name: 'a', required: 1 }] },
    ])
      assert.equal(definitionOf('prompt', one), undefined)
    for (const one of [{ name: 't' }, { uriTemplate: 'x:{a}' }, { name: 't', uriTemplate: 'x', mimeType: 1 }])
      assert.equal(definitionOf('template', one), undefined)
  })

  test('made of what only its prototype has', () => {
    assert.equal(definitionOf('tool', Object.create(SEARCH)), undefined)
  })
})

test('what is as deep as it may be is one', () => {
  assert.ok(definitionOf('tool', { ...SEARCH, inputSchema: { type: 'object', properties: nested(28) } }))
})
