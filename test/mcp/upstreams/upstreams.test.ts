import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { createCatalog } from '../../../src/mcp/catalog.ts'
import type { Connect } from '../../../src/mcp/upstreams/connection.ts'
import type { Definition } from '../../../src/mcp/upstreams/definition.ts'
import { toolNamed } from '../../support/definitions.ts'
import { httpTransport, modernServer, say } from '../../support/dialed.ts'
import { callOf } from '../../support/tool.ts'
import { connectHere, definitionsOf, serverWith, testUpstreams, upstreamIn } from '../../support/upstreams.ts'

/** A name that is none here: no permission is as long. */
const LONG = 'x'.repeat(100)

const NEVER: Connect = async () => new Promise(() => undefined)

test('an upstream that never answers delays nothing: what is pinned of it is listed, and the others are served', async () => {
  const wiki = upstreamIn('wiki', serverWith({ search: 'Searches' }))
  const dead = upstreamIn('dead', serverWith({ search: 'Searches' }), {
    limits: { ...wiki.limits, connectTimeout: 20 },
  })
  const definitions = await definitionsOf(wiki)
  const pins = new Map([
    ['wiki', definitions],
    ['dead', definitions],
  ])
  const connect: Connect = async (options, dial, events) =>
    options.name === 'dead'
      ? new Promise((resolve) =>
          dial.signal.addEventListener('abort', () => resolve({ kind: 'failed', why: 'no answer' })),
        )
      : connectHere(options, dial, events)
  const all = testUpstreams([dead, wiki], { pins, ports: { connect } })
  assert.deepEqual(all.tools(), ['dead_search', 'wiki_search'])
  assert.equal(await all.call('wiki_search'), 'search')
  assert.match(await all.call('dead_search'), /^The upstream "dead" is not available\./)
  await all.event('down', ({ upstream }) => upstream === 'dead')
  assert.deepEqual(all.tools(), ['dead_search', 'wiki_search'])
  assert.deepEqual(
    all.upstreams.status().map(({ name, state }) => [name, state]),
    [
      ['dead', 'down'],
      ['wiki', 'up'],
    ],
  )
  await all.upstreams.close()
})

test('what was never pinned is quarantined, and on first use only pinned where that is wanted', async () => {
  const wiki = upstreamIn('wiki', serverWith({ search: 'Searches' }))
  const refused = testUpstreams([wiki])
  const { definition } = await refused.event('quarantined')
  assert.deepEqual(definition, { kind: 'tool', name: 'search', reason: 'new' })
  assert.deepEqual(refused.tools(), [])
  assert.equal(refused.upstreams.status()[0]?.isPinned, false)
  await refused.upstreams.close()
})

test('what an upstream offers of which nothing was ever approved is told as a whole, and once', async () => {
  const factory = serverWith({ search: 'Searches', read: 'Reads', [LONG]: 'x' })
  const wiki = upstreamIn('wiki', factory)
  const all = testUpstreams([wiki])
  assert.equal((await all.event('unapproved')).count, 2)
  const [definition] = await definitionsOf(wiki)
  assert.ok(definition)
  const configured = (pins: readonly (readonly [string, readonly Definition[]])[]): void =>
    all.upstreams.configure({ options: [wiki], pins: { upstreams: new Map(pins) }, misfits: [] })
  configured([])
  configured([['wiki', [definition]]])
  assert.deepEqual(
    all.events.flatMap((event) =>
      event.kind === 'quarantined' || event.kind === 'released'
        ? [[event.kind, event.definition.reason, event.isUnapproved]]
        : [],
    ),
    [
      ['quarantined', 'bad_name', false],
      ['quarantined', 'new', true],
      ['quarantined', 'new', true],
      ['released', 'new', true],
    ],
  )
  assert.equal(all.events.filter(({ kind }) => kind === 'unapproved').length, 1)
  await all.upstreams.close()
})

test('what is pinned on first use is not told as kept from everybody, and what is not pinned is', async () => {
  const [wiki, files] = [
    upstreamIn('wiki', serverWith({ search: 'Searches' })),
    upstreamIn('files', serverWith({ [LONG]: 'x', read: 'Reads' })),
  ]
  const options = [wiki, files]
  const pins = new Map<string, readonly Definition[]>()
  const all = testUpstreams(options, {
    ports: {
      async pin(name, definitions) {
        // As where a file is written, and followed.
        await setImmediate()
        pins.set(name, definitions)
        setTimeout(() => all.upstreams.configure({ options, pins: { upstreams: pins }, misfits: [] }))
        return true
      },
    },
  })
  await all.event('quarantined', ({ definition: { name } }) => name === LONG)
  await all.upstreams.settled()
  while (all.tools().length < 2) await setImmediate()
  assert.deepEqual(
    all.events.flatMap((event) => (event.kind === 'quarantined' ? [event.definition.name] : [])),
    [LONG],
  )
  await all.upstreams.close()
})

test('a definition that changes while the upstream runs is served to nobody, until it is approved', async () => {
  const servers: McpServer[] = []
  const wiki = upstreamIn(
    'wiki',
    serverWith({ search: 'Searches', read: 'Reads' }, undefined, (server) => void servers.push(server)),
    {
      era: '2025-11-25',
      connection: 'shared',
    },
  )
  const pins = new Map([['wiki', await definitionsOf(wiki)]])
  servers.length = 0
  const all = testUpstreams([wiki], { pins })
  await all.upstreams.settled()
  const told: string[] = []
  all.upstreams.follow((kinds) => told.push(...kinds))
  assert.deepEqual(all.tools().toSorted(), ['wiki_read', 'wiki_search'])
  for (const server of servers)
    server.registerTool('delete', { description: 'Deletes', inputSchema: z.object({}) }, async () => ({
      content: [],
    }))
  const { definition } = await all.event('quarantined')
  assert.deepEqual(definition, { kind: 'tool', name: 'delete', reason: 'new' })
  assert.deepEqual(all.tools().toSorted(), ['wiki_read', 'wiki_search'])
  const listed = new Map(pins.get('wiki')?.map((one) => [one.name, one]))
  const other = await definitionsOf(upstreamIn('wiki', serverWith({ delete: 'Deletes' })))
  all.upstreams.configure({
    options: [wiki],
    pins: { upstreams: new Map([['wiki', [...listed.values(), ...other]]]) },
    misfits: [],
  })
  await all.event('released', ({ definition: { name } }) => name === 'delete')
  assert.deepEqual(all.tools().toSorted(), ['wiki_delete', 'wiki_read', 'wiki_search'])
  assert.ok(told.includes('tools'))
  assert.equal(all.events.filter(({ kind }) => kind === 'down').length, 0)
  await all.upstreams.close()
})

test('principals of an upstream that keeps state share none of it', async () => {
  let made = 0
  const counting = upstreamIn(
    'count',
    () => {
      const own = (made += 1)
      return serverWith({ mine: 'x' }, () => `server ${own}`)()
    },
    { era: '2025-11-25' },
  )
  const pins = new Map([['count', await definitionsOf(counting)]])
  const all = testUpstreams([counting], { pins })
  const ada = await all.call('count_mine', 'user:ada')
  const bo = await all.call('count_mine', 'user:bo')
  assert.notEqual(ada, bo)
  assert.equal(await all.call('count_mine', 'user:ada'), ada)
  all.upstreams.end(({ principal }) => principal.id === 'user:ada')
  const anew = await all.call('count_mine', 'user:ada')
  assert.ok(![ada, bo].includes(anew))
  assert.equal(await all.call('count_mine', 'user:bo'), bo)
  await all.upstreams.close()
})

test('so many principals at once, and no more; whoever uses its connection keeps it', async () => {
  const slow = Promise.withResolvers<string>()
  const wiki = upstreamIn(
    'wiki',
    serverWith({ wait: 'x' }, async () => slow.promise),
    { era: '2025-11-25' },
  )
  const one = { ...wiki, limits: { ...wiki.limits, connections: 1 } }
  const pins = new Map([['wiki', await definitionsOf(wiki)]])
  const all = testUpstreams([one], { pins })
  const waiting = all.call('wiki_wait', 'user:ada')
  assert.match(await all.call('wiki_wait', 'user:bo'), /has as many calls as it may have/)
  slow.resolve('done')
  assert.equal(await waiting, 'done')
  assert.equal(await all.call('wiki_wait', 'user:bo'), 'done')
  await all.upstreams.close()
})

test('what has not changed is not touched, and calls of what goes end', async () => {
  const slow = Promise.withResolvers<string>()
  const started = Promise.withResolvers<void>()
  const waits = serverWith({ wait: 'x' }, async () => {
    started.resolve()
    return slow.promise
  })
  const [stays, goes, comes] = [
    upstreamIn('stays', serverWith({ say: 'x' })),
    upstreamIn('goes', waits),
    upstreamIn('comes', serverWith({ say: 'x' })),
  ]
  const pins = new Map([
    ['stays', await definitionsOf(stays)],
    ['goes', await definitionsOf(goes)],
    ['comes', await definitionsOf(comes)],
  ])
  const all = testUpstreams([stays, goes], { pins })
  await all.upstreams.settled()
  const running = all.call('goes_wait')
  await started.promise
  all.upstreams.configure({ options: [stays, comes], pins: { upstreams: pins }, misfits: [] })
  assert.deepEqual(all.tools(), ['comes_say', 'stays_say'])
  slow.resolve('ended well')
  assert.equal(await running, 'ended well')
  assert.equal(await all.call('comes_say'), 'say')
  assert.equal(all.events.filter((event) => event.kind === 'up' && event.upstream === 'stays').length, 1)
  await all.upstreams.close()
})

test('what rules of the policy do not fit is kept from everybody', async () => {
  const wiki = upstreamIn('wiki', serverWith({ search: 'x', read: 'x' }))
  const pins = { upstreams: new Map([['wiki', await definitionsOf(wiki)]]) }
  const all = testUpstreams([wiki], { pins: pins.upstreams })
  const misfit = { kind: 'tool', name: 'wiki_search', upstream: 'wiki' } as const
  all.upstreams.configure({ options: [wiki], pins, misfits: [misfit] })
  assert.deepEqual(all.tools(), ['wiki_read'])
  const { definition } = await all.event('quarantined')
  assert.deepEqual(definition, { kind: 'tool', name: 'search', reason: 'policy' })
  await all.upstreams.settled()
  assert.deepEqual(all.upstreams.status()[0]?.quarantined, [definition])
  all.upstreams.configure({ options: [wiki], pins, misfits: [] })
  assert.deepEqual(all.tools().toSorted(), ['wiki_read', 'wiki_search'])
  await all.upstreams.close()
})

test('an upstream without a prefix takes no name of anybody else', async () => {
  const bare = upstreamIn('bare', serverWith({ wiki_search: 'x', whoami: 'x', mine: 'x' }), { prefix: false })
  const wiki = upstreamIn('wiki', serverWith({ search: 'x' }))
  const pins = new Map([
    ['bare', await definitionsOf(bare)],
    ['wiki', await definitionsOf(wiki)],
  ])
  const own = { names: new Set(['tool whoami']), schemes: new Set(['note']) }
  const all = testUpstreams([bare, wiki], { pins, ports: { own } })
  assert.deepEqual(all.tools(), ['mine', 'wiki_search'])
  assert.deepEqual(
    all.upstreams
      .status()[0]
      ?.quarantined.map(({ name, reason }) => [name, reason])
      .toSorted(),
    [
      ['whoami', 'collision'],
      ['wiki_search', 'collision'],
    ],
  )
  await all.upstreams.close()
})

test('calls beyond what one upstream may have at once are refused, and the breaker lets none through to a dead one', async () => {
  const wiki = upstreamIn('wiki', serverWith({ search: 'x' }), { connection: 'shared' })
  const pins = new Map([['wiki', await definitionsOf(wiki)]])
  let dialled = 0
  const connect: Connect = async () => {
    dialled += 1
    return { kind: 'failed', why: 'refused' }
  }
  const dead = testUpstreams([wiki], { pins, ports: { connect } })
  for (let count = 0; count < 20; count++) await dead.call('wiki_search')
  assert.ok(dialled <= 6, `${dialled} connections were tried`)
  assert.equal(dead.upstreams.status()[0]?.breaker, 'open')
  await dead.upstreams.close()
  const busy = testUpstreams([{ ...wiki, limits: { ...wiki.limits, inFlight: 1 } }], {
    pins,
    ports: { connect: NEVER },
  })
  const stop = new AbortController()
  const waiting = busy.call('wiki_search', 'user:ada', { signal: stop.signal })
  assert.match(await busy.call('wiki_search'), /has as many calls as it may have/)
  stop.abort()
  assert.match(await waiting, /was cancelled/)
})

test('what is of a template that is kept from everybody is not left over for who may have the rest', async () => {
  const described = (description: string, uriTemplate = 'secret://{id}') =>
    upstreamIn(
      'wiki',
      serverWith({}, undefined, (server) =>
        server.registerResource(
          'secret',
          new ResourceTemplate(uriTemplate, { list: undefined }),
          { description },
          async (uri) => ({ contents: [{ uri: uri.href, text: 'the secret' }] }),
        ),
      ),
      { era: '2025-11-25', connection: 'shared' },
    )
  const approved = new Map([['wiki', await definitionsOf(described('Reads'))]])
  for (const [offered, pins] of [
    [described('Reads, and more'), approved],
    [described('Reads', 'secret://{name}'), approved],
    [described('Reads'), new Map([['wiki', []]])],
    [{ ...described('Reads'), deny: ['secret'] }, new Map([['wiki', []]])],
  ] as const) {
    const all = testUpstreams([offered], { pins })
    await all.upstreams.settled()
    const catalog = createCatalog(all.upstreams.parts())
    for (const uri of ['wiki+secret://1', 'wiki+SECRET://1']) {
      const found = catalog.resource(uri) ?? assert.fail()
      assert.equal(found.definition.permission, 'wiki:resources')
      assert.equal(
        await found.definition.read(found.uri, found.variables, callOf('user:ada')),
        undefined,
        uri,
      )
    }
    await all.upstreams.close()
  }
})

test('calls of one principal that take too long open the breaker for nobody else on a shared connection', async () => {
  const never = new Promise<string>(() => undefined)
  const wiki = upstreamIn(
    'wiki',
    serverWith({ wait: 'x', search: 'x' }, async (tool) => (tool === 'wait' ? never : 'found')),
    { connection: 'shared' },
  )
  const pins = new Map([['wiki', await definitionsOf(wiki)]])
  const all = testUpstreams([{ ...wiki, limits: { ...wiki.limits, timeout: 20 } }], { pins })
  await all.upstreams.settled()
  await Promise.all(Array.from({ length: 5 }, async () => all.call('wiki_wait', 'user:ada')))
  assert.match(await all.call('wiki_search', 'user:ada'), /is not available/)
  assert.equal(await all.call('wiki_search', 'user:bo'), 'found')
  assert.equal(all.upstreams.status()[0]?.breaker, 'closed')
  await all.upstreams.close()
})

test('who was listed nothing since its upstream had yet to start is told when it is there, and nobody else', async (t) => {
  const ready = Promise.withResolvers<void>()
  const wiki = upstreamIn(
    'wiki',
    async () => {
      await ready.promise
      const server = new McpServer({ name: 'test', version: '1' })
      server.registerResource('a', 'a:1', {}, async () => ({ contents: [] }))
      return server
    },
    { era: '2025-11-25', connection: 'per-principal' },
  )
  const all = testUpstreams([wiki], { pins: new Map([['wiki', []]]) })
  const told: unknown[] = []
  const heard = Promise.withResolvers<void>()
  all.upstreams.follow((kinds, principal) => {
    told.push([kinds, principal])
    heard.resolve()
  })
  const list = async (): Promise<unknown> =>
    (await all.upstreams.parts().resources?.[0]?.list(callOf('user:ada')))?.map(({ uri }) => uri)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const first = list()
  t.mock.timers.tick(250)
  assert.deepEqual(await first, [])
  t.mock.timers.reset()
  assert.deepEqual(told, [])
  ready.resolve()
  await heard.promise
  assert.deepEqual(told, [[['resources'], 'user:ada']])
  assert.deepEqual(await list(), ['wiki+a:1'])
  await list()
  assert.equal(told.length, 1)
  await all.upstreams.close()
})

test('a call that a proxy refuses for what is in it is answered, however often, and keeps the upstream from nobody', async (t) => {
  const url = await modernServer(t, ({ id, method, params }, response) => {
    if (method === 'tools/list')
      return say(response, { jsonrpc: '2.0', id, result: { tools: [listed('bad'), listed('good')] } })
    if (JSON.stringify(params).includes('"name":"bad"')) return response.writeHead(403).end()
    say(response, { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'found' }] } })
  })
  const wiki = { ...upstreamIn('wiki', serverWith({})), transport: httpTransport(url) }
  const pins = new Map([['wiki', ['bad', 'good'].map((name) => toolNamed(name))]])
  const all = testUpstreams([wiki], { pins })
  t.after(async () => all.upstreams.close())
  await all.upstreams.settled()
  for (let count = 0; count < 10; count++)
    assert.match(
      await all.call('wiki_bad'),
      /^The upstream "wiki" refused the call\. Ask the operator about request request-1\.$/,
    )
  assert.equal(await all.call('wiki_good'), 'found')
  assert.equal(all.upstreams.status()[0]?.breaker, 'closed')
  const { answer } = await all.event('unanswered')
  assert.deepEqual(answer, { kind: 'refused', status: 403, why: 'it answered with HTTP 403' })
  assert.equal((await all.event('called')).answer, 'refused')
})

const listed = (name: string) => ({ name, inputSchema: { type: 'object' } })
