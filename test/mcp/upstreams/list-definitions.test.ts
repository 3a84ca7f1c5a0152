import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UpstreamAnswer, UpstreamConnection } from '../../../src/mcp/upstreams/connection.ts'
import type { Listing } from '../../../src/mcp/upstreams/definition.ts'
import { listDefinitions } from '../../../src/mcp/upstreams/list-definitions.ts'
import { listingUpstream } from '../../support/listing-upstream.ts'

const LIMITS = { definitions: 1_000, timeout: 10_000 }
const ALL = { tools: {}, prompts: {}, resources: {} }
const schema = { type: 'object' }

type Answers = Parameters<typeof listingUpstream>[0]

const result = (value: Readonly<Record<string, unknown>>): UpstreamAnswer => ({
  kind: 'result',
  result: value,
})

async function listed(
  answers: Answers,
  greeting?: Partial<UpstreamConnection['greeting']>,
): Promise<Listing> {
  return listDefinitions(listingUpstream(answers, greeting).connection, LIMITS)
}

/** What listing these tools comes to: names, and what is quarantined. */
async function ofTools(...tools: readonly unknown[]) {
  const listing = await listed(() => result({ tools }))
  assert.equal(listing.kind, 'listed')
  return {
    names: listing.definitions.map(({ name }) => name),
    quarantined: listing.quarantined.map(({ kind, name, reason }) => `${kind} ${name} ${reason}`),
  }
}

async function whyOf(answers: Answers): Promise<string> {
  const listing = await listed(answers)
  assert.equal(listing.kind, 'failed')
  return listing.why
}

describe('an upstream is asked', () => {
  test('for all that it announces, page by page, and may be asked again', async () => {
    const { connection, asked } = listingUpstream(
      ({ method, params }) => {
        if (method === 'prompts/list') return result({ prompts: [{ name: 'p' }], nextCursor: null })
        if (method === 'resources/templates/list')
          return result({ resourceTemplates: [{ name: 't', uriTemplate: 'x:{y}' }], nextCursor: '' })
        return params['cursor'] === undefined
          ? result({ tools: [{ name: 'a', inputSchema: schema }], nextCursor: 'two' })
          : result({ tools: [{ name: 'b', inputSchema: schema }] })
      },
      { capabilities: ALL, instructions: 'Be kind.' },
    )
    const listing = await listDefinitions(connection, LIMITS)
    assert.equal(listing.kind, 'listed')
    assert.deepEqual(
      listing.definitions.map(({ kind, name }) => `${kind} ${name}`),
      ['instructions ', 'tool a', 'tool b', 'prompt p', 'template t'],
    )
    assert.deepEqual(listing.quarantined, [])
    assert.deepEqual(
      asked.map(({ method, params, repeatable }) => [method, params, repeatable]),
      [
        ['tools/list', {}, true],
        ['tools/list', { cursor: 'two' }, true],
        ['prompts/list', {}, true],
        ['resources/templates/list', {}, true],
      ],
    )
  })

  test('for nothing that it does not announce', async () => {
    const { connection, asked } = listingUpstream(() => result({}), {
      capabilities: { logging: {}, tools: true },
    })
    assert.deepEqual(await listDefinitions(connection, LIMITS), {
      kind: 'listed',
      definitions: [],
      quarantined: [],
    })
    assert.equal(asked.length, 0)
  })

  test('and may have resources without templates, but not tools without a list', async () => {
    const missing = { kind: 'error', code: -32_601, message: 'Method not found' } as const
    assert.equal((await listed(() => missing, { capabilities: { resources: {} } })).kind, 'listed')
    assert.match(await whyOf(() => missing), /^tools\/list: error -32601: Method not found$/)
  })

  test('only as long as it may take, or as somebody waits', async () => {
    const never: Answers = async ({ signal }) =>
      new Promise((done) => signal.addEventListener('abort', () => done({ kind: 'cancelled' })))
    assert.deepEqual(await listDefinitions(listingUpstream(never).connection, { ...LIMITS, timeout: 1 }), {
      kind: 'failed',
      why: 'tools/list: no answer in time',
    })
    const waiting = new AbortController()
    const listing = listDefinitions(listingUpstream(never).connection, LIMITS, waiting.signal)
    waiting.abort()
    assert.equal((await listing).kind, 'failed')
  })
})

describe('nothing is listed', () => {
  const answers: readonly (readonly [string, UpstreamAnswer, RegExp])[] = [
    [
      'is down',
      { kind: 'down', sent: false, why: 'ECONNREFUSED wiki.internal' },
      /^tools\/list: ECONNREFUSED wiki\.internal$/,
    ],
    ['talks nonsense', { kind: 'garbage', why: 'no JSON' }, /no JSON/],
    ['answers without end', { kind: 'too_large' }, /larger than it may be/],
    ['refuses', { kind: 'refused', status: 403, why: 'HTTP 403' }, /^tools\/list: HTTP 403$/],
    ['is busy', { kind: 'busy' }, /too many calls/],
    ['wants a secret', { kind: 'no_secret', secret: 'token' }, /needs the secret "token"/],
    ['has no list', result({ tools: { a: 1 } }), /there is no list "tools"/],
    ['asks first', result({ resultType: 'input_required' }), /there is no list "tools"/],
    ['has a cursor that is none', result({ tools: [], nextCursor: 7 }), /cursor/],
    ['has a cursor without end', result({ tools: [], nextCursor: 'x'.repeat(10_000) }), /cursor/],
    [
      'hides in its error',
      { kind: 'error', code: 1, message: `\u001b[2J${'x'.repeat(9_000)}` },
      /^tools\/list: error 1: <U\+001B>\[2Jx{252}$/,
    ],
    [
      'has 50,000 tools',
      result({ tools: Array.from({ length: 50_000 }, (_, at) => ({ name: `t${at}`, inputSchema: schema })) }),
      /more than 1000 tools/,
    ],
    [
      'has 50,000 that are none',
      result({ tools: Array.from({ length: 50_000 }, () => null) }),
      /more than 1000 tools/,
    ],
  ]
  for (const [what, answer, why] of answers)
    test(`of an upstream that ${what}`, async () => {
      assert.match(await whyOf(() => answer), why)
    })

  test('of one whose pages go round in circles', async () => {
    let page = 0
    assert.match(await whyOf(() => result({ tools: [], nextCursor: `c${page++ % 3}` })), /round in circles/)
    assert.equal(page, 4)
  })

  test('of one whose pages never end', async () => {
    let page = 0
    assert.match(await whyOf(() => result({ tools: [], nextCursor: `c${page++}` })), /more than 500 pages/)
    assert.equal(page, 500)
  })

  test('of one that has too much of everything together', async () => {
    const most = 'x'.repeat(65_000)
    const tools = Array.from({ length: 300 }, (_, at) => ({
      name: `t${at}`,
      description: most,
      inputSchema: schema,
    }))
    assert.match(await whyOf(() => result({ tools })), /larger than 16 MiB/)
  })

  test('of one whose pages are long, whatever is in them, and it is asked for no more of them', async () => {
    const long = 'x'.repeat(4 * 1024 * 1024)
    const pages: readonly ((page: number) => Record<string, unknown>)[] = [
      (page) => ({ tools: [{ name: `${page}${long}`, inputSchema: schema }] }),
      () => ({ tools: [], more: long }),
      () => ({ tools: [{ name: 'a', inputSchema: schema, description: long }] }),
    ]
    for (const pageOf of pages) {
      let page = 0
      assert.match(
        await whyOf(() => result({ ...pageOf(page), nextCursor: `c${page++}` })),
        /larger than 16 MiB/,
      )
      assert.ok(page <= 5, String(page))
    }
  })
})

describe('quarantined as malformed is', () => {
  test('what is no tool, by its name if it has one', async () => {
    const found = await ofTools(
      { name: 'good', inputSchema: schema },
      { name: 'schemaless' },
      { inputSchema: schema },
      'text',
      { name: 'large', inputSchema: schema, description: 'x'.repeat(10_000_000) },
      { name: 'x'.repeat(1_000), inputSchema: null },
    )
    assert.deepEqual(found.names, ['good'])
    assert.deepEqual(found.quarantined, [
      'tool schemaless malformed',
      'tool  malformed',
      'tool large malformed',
      `tool ${'x'.repeat(256)} malformed`,
    ])
  })

  test('every one of a doubled name, on whatever page', async () => {
    const one = { name: 'a', inputSchema: schema }
    const found = await ofTools(
      one,
      { name: 'b', inputSchema: schema },
      { ...one, description: 'other' },
      one,
    )
    assert.deepEqual(found, { names: ['b'], quarantined: ['tool a malformed'] })
  })

  test('instructions that are too long', async () => {
    const listing = await listed(() => result({ tools: [] }), { instructions: 'x'.repeat(100_000) })
    assert.deepEqual(listing, {
      kind: 'listed',
      definitions: [],
      quarantined: [{ kind: 'instructions', name: '', reason: 'malformed' }],
    })
  })

  test('a tool that would be the prototype of others', async () => {
    const found = await ofTools(
      JSON.parse('{"name":"x","inputSchema":{"type":"object","__proto__":{"a":1}}}'),
    )
    assert.deepEqual(found, { names: [], quarantined: ['tool x malformed'] })
  })
})

test('tools of names that objects have already are tools, but for the one that would be their prototype', async () => {
  const names = ['constructor', 'a\nb', '', '__proto__']
  assert.deepEqual(await ofTools(...names.map((name) => ({ name, inputSchema: schema }))), {
    names: names.slice(0, -1),
    quarantined: ['tool __proto__ malformed'],
  })
})
