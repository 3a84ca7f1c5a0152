import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createCatalog } from '../../../src/mcp/catalog.ts'
import { ProtocolError } from '@modelcontextprotocol/server'
import type { UpstreamAnswer } from '../../../src/mcp/upstreams/connection.ts'
import { contextOf } from '../../support/caller.ts'
import { pinned, relaying, type RelayingOptions, type Sent } from '../../support/relaying.ts'
import { callOf } from '../../support/tool.ts'

const result = (members: Record<string, unknown>): UpstreamAnswer => ({ kind: 'result', result: members })
const DOWN: UpstreamAnswer = { kind: 'down', sent: false, why: 'x' }
const named = (uri: string) => ({ uri, name: uri })

const PAGE = pinned('template', 'page', { uriTemplate: 'page://{id}' })
const PROMPT = pinned('prompt', 'greet', { arguments: [{ name: 'name' }] })

function setting(answer: RelayingOptions['answer'], options: Partial<RelayingOptions> = {}) {
  const relay = relaying({ definitions: [PAGE, PROMPT], answer, ...options })
  const rest = relay.resources.find(({ isRest }) => isRest) ?? assert.fail()
  const page = relay.resources.find(({ name }) => name === 'wiki_page') ?? assert.fail()
  const prompt = relay.prompts[0] ?? assert.fail()
  const urisOf = async (id = 'service:demo') => (await rest.list(callOf(id))).map(({ uri }) => uri)
  return { relay, rest, page, prompt, urisOf }
}

test('a list follows the pages of its upstream, once for each call', async () => {
  const { relay, rest, page } = setting(({ params: { cursor } }) =>
    cursor === undefined
      ? result({ resources: [named('a:1'), named('page://x')], nextCursor: 'two' })
      : result({ resources: [named('a:2')] }),
  )
  const call = callOf('service:demo')
  const [all, pages] = await Promise.all([rest.list(call), page.list(call)])
  assert.deepEqual(
    all.map(({ uri }) => uri),
    ['wiki+a:1', 'wiki+a:2'],
  )
  assert.deepEqual(
    pages.map(({ uri }) => uri),
    ['wiki+page://x'],
  )
  assert.deepEqual(
    relay.sent.map(({ method, params }) => [method, params]),
    [
      ['resources/list', {}],
      ['resources/list', { cursor: 'two' }],
    ],
  )
})

test('a list that never ends is ended', async () => {
  let page = 0
  const { relay, urisOf } = setting(() =>
    result({ resources: [named(`a:${page}`)], nextCursor: String(page++) }),
  )
  assert.equal((await urisOf()).length, 64)
  assert.equal(relay.sent.length, 64)
  const again = setting(() => result({ resources: [named('a:1')], nextCursor: 'same' }))
  assert.equal((await again.urisOf()).length, 2)
  const many = Array.from({ length: 20_000 }, (_, at) => named(`a:${at}`))
  assert.equal((await setting(() => result({ resources: many, nextCursor: 'x' })).urisOf()).length, 10_000)
})

test('a list is only as long as it may be, whatever is in it, and so is all that is kept of lists', async () => {
  const long = { ...named('a:1'), description: 'x'.repeat(1024 * 1024) }
  let page = 0
  const { relay, urisOf } = setting(() => result({ resources: [long], nextCursor: String(page++) }))
  assert.equal((await urisOf()).length, 7)
  assert.equal(relay.sent.length, 8)
  const empty = setting(() => result({ resources: [], more: long, nextCursor: String(page++) }))
  assert.deepEqual(await empty.urisOf(), [])
  assert.equal(empty.relay.sent.length, 8)
  let isDown = false
  const kept = setting(() => (isDown ? DOWN : result({ resources: [long, long, long, long] })))
  const callers = Array.from({ length: 20 }, (_, at) => `service:s${at}`)
  for (const id of callers) await kept.urisOf(id)
  isDown = true
  const lengths = await Promise.all(callers.map(async (id) => (await kept.urisOf(id)).length))
  assert.deepEqual(
    lengths,
    callers.map((_, at) => (at < 5 ? 0 : 4)),
  )
})

test('what is no resource, or is not wanted, is left out; reserved keys do not pass', async () => {
  const resources = [
    null,
    { uri: 'a:1' },
    { name: 'no uri' },
    named('a:secret'),
    named(`a:${'x'.repeat(3000)}`),
    { ...named('a:2'), _meta: { 'sallyport/x': 1, 'wiki.example/y': 2 } },
  ]
  const { rest } = setting(() => result({ resources }), { deny: ['*secret'] })
  assert.deepEqual(await rest.list(callOf('service:demo')), [
    { name: 'a:2', uri: 'wiki+a:2', _meta: { 'wiki.example/y': 2 } },
  ])
})

test('while its upstream is down a caller is listed what it was listed last, and nobody what another was', async () => {
  let answer = result({ resources: [named('a:1')] })
  const { urisOf } = setting(() => answer)
  assert.deepEqual(await urisOf(), ['wiki+a:1'])
  answer = DOWN
  assert.deepEqual(await urisOf(), ['wiki+a:1'])
  assert.deepEqual(await urisOf('service:other'), [])
  answer = result({ resources: [] })
  assert.deepEqual(await urisOf(), [])
})

test('a list does not wait for an upstream that is slow, and has what it said the next time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const late = Promise.withResolvers<UpstreamAnswer>()
  const { relay, urisOf } = setting(async () => late.promise)
  const first = urisOf()
  t.mock.timers.tick(250)
  assert.deepEqual(await first, [])
  late.resolve(result({ resources: [named('a:1')] }))
  assert.deepEqual(await urisOf(), ['wiki+a:1'])
  assert.equal(relay.sent.length, 2)
})

test('however often a caller asks a slow upstream for a list, it is asked once at a time, and once more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const answers: ((answer: UpstreamAnswer) => void)[] = []
  const { relay, urisOf } = setting(async () => new Promise((resolve) => answers.push(resolve)))
  const lists = Array.from({ length: 50 }, async () => urisOf())
  t.mock.timers.tick(250)
  await Promise.all(lists)
  assert.equal(relay.sent.length, 1)
  const other = urisOf('service:other')
  assert.equal(relay.sent.length, 2)
  for (const resolve of answers) resolve(result({ resources: [named('a:1')] }))
  assert.deepEqual(await other, ['wiki+a:1'])
  // What the first one found may be older than the others' question.
  assert.equal(relay.sent.length, 3)
  const last = urisOf()
  answers[2]?.(result({ resources: [] }))
  await setImmediate()
  answers[3]?.(result({ resources: [named('a:2')] }))
  assert.deepEqual(await last, ['wiki+a:2'])
})

test('an upstream without resources has none', async () => {
  assert.deepEqual(await setting(() => ({ kind: 'error', code: -32_601, message: 'x' })).urisOf(), [])
})

test('a resource is read under the name that its upstream has for it', async () => {
  const { relay } = setting(({ params }) =>
    result({ contents: [{ uri: params['uri'], text: 'a' }], cacheScope: 'public' }),
  )
  const catalog = createCatalog(relay)
  for (const uri of ['wiki+page://1', 'wiki+a:1']) {
    const found = catalog.resource(uri) ?? assert.fail()
    const read = await found.definition.read(found.uri, found.variables, callOf('service:demo'))
    assert.deepEqual(read, { contents: [{ uri, text: 'a' }] })
  }
  assert.deepEqual(
    relay.sent.map(({ params }) => params),
    [{ uri: 'page://1' }, { uri: 'a:1' }],
  )
  for (const uri of ['page://1', 'files+page://1', 'a:1']) assert.equal(catalog.resource(uri), undefined)
})

test('what is denied is not read, whatever its spelling, and the upstream is not asked', async () => {
  const { relay, rest } = setting(() => result({ contents: [] }), { deny: ['file:///etc/**'] })
  for (const uri of ['wiki+file:///etc/passwd', 'wiki+file:///%65tc/passwd', 'files+a:1', 'a:1'])
    assert.equal(await rest.read(uri, {}, callOf('service:demo')), undefined)
  assert.equal(relay.sent.length, 0)
})

test('who allows a template allows what is of it, but for what is denied by its URI', async () => {
  const listing = () =>
    result({ resources: [named('page://a'), named('page://b'), named('a:1')], contents: [] })
  const { rest, page } = setting(listing, { allow: ['page', 'greet'], deny: ['page://b'] })
  const call = callOf('service:demo')
  assert.deepEqual(await page.list(call), [{ name: 'page://a', uri: 'wiki+page://a' }])
  assert.deepEqual(await rest.list(call), [])
  assert.deepEqual(await page.read('wiki+page://a', {}, call), { contents: [] })
  for (const uri of ['wiki+page://b', 'wiki+page://%62'])
    assert.equal(await page.read(uri, {}, call), undefined)
})

test('a resource that is not there, and an upstream that is not, are errors of their own', async () => {
  const read = async (answer: UpstreamAnswer) => {
    const { rest } = setting(() => answer)
    const told = await rest.read('wiki+a:1', {}, callOf('service:demo'))
    assert.ok(told instanceof ProtocolError)
    return [told.code, told.message, told.data]
  }
  const absent: UpstreamAnswer = { kind: 'error', code: -32_002, message: 'theirs', data: { uri: 'a:1' } }
  assert.deepEqual(await read(absent), [-32_602, 'Resource not found', { uri: 'wiki+a:1' }])
  const words = 'The upstream "wiki" is not available. Ask the operator about request request-1.'
  assert.deepEqual(await read(DOWN), [-32_603, words, undefined])
  assert.equal((await read(result({ contents: [{ text: 'no uri' }] })))[0], -32_603)
})

test('a resource is watched under the name that its upstream has for it, and no other is', () => {
  const { relay, rest, page } = setting(() => DOWN, { deny: ['a:secret'] })
  let changes = 0
  const changed = () => void changes++
  const context = contextOf('service:demo')
  const stop = [
    rest.watch?.('wiki+a:1', context, changed),
    page.watch?.('wiki+page://1', context, changed),
    rest.watch?.('wiki+a:secret', context, changed),
    rest.watch?.('files+a:1', context, changed),
    rest.watch?.('a:1', context, changed),
  ]
  assert.deepEqual(relay.watched, ['a:1', 'page://1'])
  assert.equal(changes, 2)
  for (const end of stop) end?.()
  assert.deepEqual(relay.watched, [])
})

test('arguments and variables are completed with what is known of the others', async () => {
  const values = ['a', 7, 'b', 'x'.repeat(2000), ...Array.from({ length: 200 }, () => 'c')]
  const { relay, prompt, page } = setting(() => result({ completion: { values, total: 900, hasMore: true } }))
  const call = callOf('service:demo')
  assert.deepEqual((await prompt.complete?.('name', 'a', call, {}))?.slice(0, 3), ['a', 'b', 'c'])
  assert.equal((await page.complete?.('id', '', call, { other: 'x' }))?.length, 98)
  assert.deepEqual(
    relay.sent.map(({ params }: Sent) => params),
    [
      { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'name', value: 'a' } },
      {
        ref: { type: 'ref/resource', uri: 'page://{id}' },
        argument: { name: 'id', value: '' },
        context: { arguments: { other: 'x' } },
      },
    ],
  )
})

test('an upstream that cannot complete proposes nothing', async () => {
  for (const answer of [
    DOWN,
    result({}),
    result({ completion: { values: 'a' } }),
    { kind: 'error', code: -32_601, message: '' } as const,
  ])
    assert.deepEqual(
      await setting(() => answer).prompt.complete?.('name', '', callOf('service:demo'), {}),
      [],
    )
})

test('a prompt that is not to be had is an error in words of ours', async () => {
  const { prompt } = setting(() =>
    result({ messages: [{ role: 'system', content: { type: 'text', text: 'a' } }] }),
  )
  const told = await prompt.get({}, callOf('service:demo'))
  assert.ok(told instanceof ProtocolError)
  assert.match(told.message, /^The upstream "wiki" gave an answer that cannot be understood/)
})

test('a spelling that the upstream listed reaches it as it is, and one that a caller made up does not', async () => {
  const spellings = ['file:///ä b.md', 'file:///a%2Fb', 'file:///%c3%a4']
  const { relay } = setting(({ method }) =>
    result(method === 'resources/list' ? { resources: spellings.map(named) } : { contents: [] }),
  )
  const catalog = createCatalog(relay)
  const sentFor = async (uri: string): Promise<unknown> => {
    const { definition, uri: own, variables, asked } = catalog.resource(`wiki+${uri}`) ?? assert.fail()
    await definition.read(own, variables, callOf('service:demo'), asked)
    return relay.sent.at(-1)?.params['uri']
  }
  for (const uri of spellings) assert.equal(await sentFor(uri), uri)
  assert.equal(await sentFor('file:///%C3%A4%20b.md'), 'file:///%C3%A4%20b.md')
  assert.equal(await sentFor('file:///%65tc/%2e%2e/x'), 'file:///etc/../x')
  // Asked once what there is, of what it was not told before.
  assert.equal(relay.sent.filter(({ method }) => method === 'resources/list').length, 1)
  const decided = (uri: string) => catalog.resource(`wiki+${uri}`)?.uri
  for (const uri of ['file:///ä b.md', 'file:///%c3%a4 b.md', 'file:///%C3%A4%20b%2Emd'])
    assert.equal(decided(uri), 'wiki+file:///%C3%A4%20b.md')
})

test('what one principal was listed is no spelling of another one', async () => {
  const { relay, rest, urisOf } = setting(({ method, call }) =>
    result(
      method === 'resources/list'
        ? { resources: call.context.principal.id === 'service:demo' ? [named('file:///ä')] : [] }
        : { contents: [] },
    ),
  )
  await urisOf()
  const [uri, asked] = ['wiki+file:///%C3%A4', 'wiki+file:///ä']
  await rest.read(uri, {}, callOf('service:other'), asked)
  assert.deepEqual(relay.sent.at(-1)?.params, { uri: 'file:///%C3%A4' })
  const watched = (id: string) => {
    const stop = rest.watch?.(uri, contextOf(id), () => undefined, asked)
    const [own] = relay.watched
    stop?.()
    return own
  }
  assert.equal(watched('service:other'), 'file:///%C3%A4')
  assert.equal(watched('service:demo'), 'file:///ä')
})

test('a spelling that was listed is denied as any other', async () => {
  const { relay, rest } = setting(
    ({ method }) => result(method === 'resources/list' ? { resources: [named('file:///ä')] } : {}),
    { deny: ['file:///%C3%A4'] },
  )
  assert.equal(
    await rest.read('wiki+file:///%C3%A4', {}, callOf('service:demo'), 'wiki+file:///ä'),
    undefined,
  )
  assert.deepEqual(
    relay.sent.map(({ method }) => method),
    ['resources/list'],
  )
})

test('what is left over is nothing of a template, however it is written', async () => {
  const file = pinned('template', 'file', { uriTemplate: 'file:///docs/{name}' })
  const { relay, rest } = setting(
    () => result({ resources: [named('page://a'), named('a:1')], contents: [] }),
    {
      definitions: [PAGE, PROMPT, file],
    },
  )
  const call = callOf('service:demo')
  assert.deepEqual(await rest.list(call), [{ name: 'a:1', uri: 'wiki+a:1' }])
  const pages = ['page://a', 'PAGE://a', 'page://a,b', 'page://%61']
  const files = [
    'file:///docs/a',
    'file:///docs/./a',
    'file:///x/../docs/a',
    'file:///docs//a',
    'FILE:///docs/a',
  ]
  for (const own of [...pages, ...files])
    assert.equal(await rest.read(`wiki+${own}`, {}, call), undefined, own)
  assert.equal(relay.sent.filter(({ method }) => method === 'resources/read').length, 0)
  assert.deepEqual(await rest.read('wiki+file:///docs/a/b', {}, call), { contents: [] })
})

test('scheme and authority are written as programs read them, or nothing is denied by them', async () => {
  const { relay, rest } = setting(() => result({ contents: [] }), { deny: ['secret://**', 'file:///etc/**'] })
  const refused = [
    'SECRET://a',
    'secret://a',
    'FILE:///etc/passwd',
    'file:/etc/passwd',
    'file://localhost/etc/passwd',
  ]
  for (const own of [...refused, 'https:h/x', 'https:///h/x', 'https://H/x', 'https://h:443/x'])
    assert.equal(await rest.read(`wiki+${own}`, {}, callOf('service:demo')), undefined, own)
  assert.deepEqual(relay.sent, [])
  for (const own of [
    'file:///srv/a',
    'https://h/x',
    'https://h:8443/x?y',
    'a:1',
    'urn:isbn:1',
    'db://Users/A',
  ])
    assert.deepEqual(await rest.read(`wiki+${own}`, {}, callOf('service:demo')), { contents: [] }, own)
})

test('the rules for results hold for lists and proposals as well', async () => {
  const key = `AKIA${'A'.repeat(16)}`
  const hidden = { ...named('a:2'), description: 'Reads\u{e0041}\u{e0042}' }
  const resources = [named('a:1'), hidden, { ...named('a:3'), title: `with ${key}` }]
  const answer = () => result({ resources, completion: { values: ['a', `b${key}`, 'c\u200b', key] } })
  const said = async (results: NonNullable<RelayingOptions['results']>) => {
    const { rest, page } = setting(answer, { results })
    const listed = await rest.list(callOf('service:demo'))
    const values = await page.complete?.('id', '', callOf('service:demo'), {})
    return [listed.map(({ name, title = '', description = '' }) => name + title + description), values]
  }
  const bytes = 1_000_000
  assert.deepEqual(await said({ bytes, secrets: 'redact', hiddenText: 'strip' }), [
    ['a:1', 'a:2Reads', 'a:3with [AWS access key removed]'],
    ['a', `b${key}`, 'c', '[AWS access key removed]'],
  ])
  assert.deepEqual(await said({ bytes, secrets: 'refuse', hiddenText: 'refuse' }), [
    ['a:1'],
    ['a', `b${key}`],
  ])
})

test('why a list or a completion has nothing is told by its request id, since its caller is told nothing', async () => {
  const answers: readonly (readonly [UpstreamAnswer, UpstreamAnswer])[] = [
    [DOWN, DOWN],
    [{ kind: 'timeout' }, { kind: 'timeout' }],
    [result({}), { kind: 'garbage', why: '' }],
  ]
  for (const [answer, told] of answers) {
    const { relay, rest, prompt } = setting(() => answer)
    assert.deepEqual(await rest.list(callOf('service:demo')), [])
    assert.deepEqual(await prompt.complete?.('name', 'a', callOf('service:demo'), {}), [])
    const said = relay.events.map((event) =>
      event.kind === 'unanswered'
        ? [event.upstream, event.method, event.requestId, event.answer.kind]
        : event,
    )
    const { requestId } = callOf('service:demo')
    assert.deepEqual(said, [
      ['wiki', 'resources/list', requestId, told.kind],
      ['wiki', 'completion/complete', requestId, told.kind],
    ])
  }
  const missing = setting(() => ({ kind: 'error', code: -32_601, message: 'no such method' }))
  await missing.urisOf()
  assert.deepEqual(missing.relay.events, [])
  const broken = setting(() => ({ kind: 'error', code: -32_603, message: 'the disk is full' }))
  const { requestId } = callOf('service:demo')
  await broken.urisOf()
  assert.deepEqual(broken.relay.events, [
    {
      kind: 'line',
      upstream: 'wiki',
      line: `resources/list of request ${requestId}: error -32603: the disk is full`,
    },
  ])
})
