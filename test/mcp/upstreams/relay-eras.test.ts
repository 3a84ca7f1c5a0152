import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import type { Era } from '../../../src/mcp/methods.ts'
import { memberOf } from '../../../src/mcp/record.ts'
import { relayedServer, seen, USERS, type RelayedServer } from '../../support/relayed-server.ts'

const ERAS: readonly Era[] = ['2025-11-25', '2026-07-28']

for (const upstreamEra of ERAS)
  suite(`an upstream of ${upstreamEra}`, () => {
    let server: RelayedServer
    before(async () => {
      server = await relayedServer(upstreamEra)
    })
    after(async () => server.close())
    for (const clientEra of ERAS)
      suite(`a client of ${clientEra}`, () => {
        tests(async (options) => server.client(clientEra, options), clientEra)
      })
  })

function tests(
  connect: (options?: Parameters<RelayedServer['client']>[1]) => ReturnType<RelayedServer['client']>,
  era: Era,
) {
  const call = async (name: string, options?: Parameters<RelayedServer['client']>[1]) => {
    const one = await connect(options)
    const result = await one.client.callTool({ name: `wiki_${name}`, arguments: {} })
    return { ...one, result, text: textOf(result) }
  }

  test('everything is listed under our names', async () => {
    const { client } = await connect()
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['ask', 'fail', 'log', 'media', 'progress', 'roots', 'slow', 'structured', 'think', 'visit'].map(
        (name) => `wiki_${name}`,
      ),
    )
    const { prompts } = await client.listPrompts()
    assert.deepEqual(
      prompts.map(({ name }) => name),
      ['wiki_greet'],
    )
    const { resourceTemplates } = await client.listResourceTemplates()
    assert.deepEqual(
      resourceTemplates.map(({ uriTemplate }) => uriTemplate),
      ['wiki+page://{id}'],
    )
    const { resources } = await client.listResources()
    assert.deepEqual(resources.map(({ uri }) => uri).toSorted(), ['wiki+home://start', 'wiki+page://a'])
  })

  test('progress arrives, on the token of the client', async () => {
    const { client } = await connect()
    const heard: unknown[] = []
    const result = await client.callTool(
      { name: 'wiki_progress', arguments: {} },
      { onprogress: (progress) => void heard.push(progress) },
    )
    assert.equal(textOf(result), 'token: true')
    assert.deepEqual(heard, [
      { progress: 1, total: 2 },
      { progress: 2, total: 2 },
    ])
    assert.equal(textOf(await client.callTool({ name: 'wiki_progress', arguments: {} })), 'token: false')
  })

  test('cancelling reaches the upstream', async () => {
    const { client } = await connect()
    const controller = new AbortController()
    const [started, aborted] = [once(seen, 'started'), once(seen, 'aborted')]
    const called = client.callTool({ name: 'wiki_slow', arguments: {} }, { signal: controller.signal })
    await started
    controller.abort()
    await assert.rejects(called)
    await aborted
  })

  test('a line of the log says which upstream it is of', async () => {
    const one = await connect()
    if (era === '2025-11-25') await one.client.setLoggingLevel('info')
    const _meta =
      era === '2026-07-28' ? { _meta: { 'io.modelcontextprotocol/logLevel': 'info' as const } } : {}
    await one.client.callTool({ name: 'wiki_log', arguments: {}, ..._meta })
    assert.deepEqual(one.logged, [{ level: 'warning', logger: 'wiki/pages', data: { page: 'a' } }])
  })

  test('a form reaches the user with the name of who asks, and the answer the upstream', async () => {
    const { asked, text } = await call('ask')
    assert.equal(text, 'hello Zoe, round one')
    assert.equal(asked.length, 1)
    const { method, params } = asked[0] ?? assert.fail()
    assert.equal(method, 'elicitation/create')
    assert.equal(memberOf(params, 'message'), '[wiki asks] Who? sallyport: really?')
  })

  test('a URL reaches the user as it is', async () => {
    const { asked, text } = await call('visit')
    assert.equal(text, 'visited')
    const params = asked[0]?.params
    assert.equal(memberOf(params, 'url'), 'https://wiki.example/in')
    assert.equal(memberOf(params, 'message'), '[wiki asks] Sign in')
  })

  test('a model answers', async () => {
    const { asked, text } = await call('think')
    assert.match(String(text), /thought/)
    assert.equal(memberOf(asked[0]?.params, 'systemPrompt'), '[wiki asks]')
  })

  test('of several at once each user answers its own question', async () => {
    const texts = USERS.map(async (name) => (await call('ask', { principal: `user:${name}`, name })).text)
    assert.deepEqual(
      await Promise.all(texts),
      USERS.map((name) => `hello ${name}, round one`),
    )
  })

  test('roots are told', async () => {
    assert.match(String((await call('roots')).text), /file:\/\/\/home/)
  })

  test('a client that can do nothing is asked nothing, and gets an error', async () => {
    const { asked, result } = await call('ask', { capabilities: {} }).catch((error: unknown) => ({
      asked: [],
      result: error,
    }))
    assert.deepEqual(asked, [])
    assert.ok(
      result instanceof Error || (result as { isError?: boolean }).isError === true,
      JSON.stringify(result),
    )
  })

  test('images, audio, links and embedded resources are what they were, under our URIs', async () => {
    const { result } = await call('media')
    assert.deepEqual(result.content, [
      { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
      { type: 'audio', data: 'iVBORw0KGgo=', mimeType: 'audio/wav' },
      { type: 'resource_link', uri: 'wiki+page://a', name: 'a' },
      { type: 'resource', resource: { uri: 'wiki+page://a', mimeType: 'text/plain', text: 'the page' } },
      { type: 'resource', resource: { uri: 'wiki+page://b', blob: 'iVBORw0KGgo=' } },
    ])
    assert.equal(result._meta?.['wiki.example/a'], 1)
    assert.doesNotMatch(JSON.stringify(result), /evil/)
  })

  test('structured content, and errors of tools, come through', async () => {
    assert.deepEqual((await call('structured')).result.structuredContent, { pages: 3 })
    const { result, text } = await call('fail')
    assert.deepEqual([result.isError, text], [true, 'no such page'])
  })

  test('a prompt comes through, its completion and its error', async () => {
    const { client } = await connect()
    const { messages } = await client.getPrompt({ name: 'wiki_greet', arguments: { name: 'alpha' } })
    assert.deepEqual(messages, [
      { role: 'user', content: { type: 'resource_link', uri: 'wiki+page://a', name: 'alpha' } },
    ])
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'wiki_greet' },
      argument: { name: 'name', value: 'b' },
    })
    assert.deepEqual(completion.values, ['beta', 'bravo'])
    await assert.rejects(client.getPrompt({ name: 'wiki_greet', arguments: { name: 'nobody' } }), {
      code: -31_999,
      message: /nobody is not greeted/,
    })
  })

  test('resources are read by template and by list, completed, and not found', async () => {
    const { client } = await connect()
    for (const own of ['page://b', 'home://start']) {
      const { contents } = await client.readResource({ uri: `wiki+${own}` })
      assert.deepEqual(contents, [{ uri: `wiki+${own}`, mimeType: 'text/plain', text: own }])
    }
    const { completion } = await client.complete({
      ref: { type: 'ref/resource', uri: 'wiki+page://{id}' },
      argument: { name: 'id', value: 'al' },
    })
    assert.deepEqual(completion.values, ['alpha'])
    await assert.rejects(client.readResource({ uri: 'wiki+home://nowhere' }), { code: -32_602 })
    await assert.rejects(client.readResource({ uri: 'home://start' }), { code: -32_602 })
  })
}

function textOf(result: { readonly content?: unknown }): unknown {
  const [block] = Array.isArray(result.content) ? (result.content as { text?: string }[]) : []
  return block?.text
}
