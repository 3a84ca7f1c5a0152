import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isInputRequiredResult, ProtocolError, type ClientCapabilities } from '@modelcontextprotocol/server'
import { createCatalog } from '../../../src/mcp/catalog.ts'
import type {
  CallingClient,
  ClientAnswer,
  ClientRequest,
  LogLine,
  Progress,
} from '../../../src/mcp/calling-client.ts'
import type { Call } from '../../../src/mcp/tool.ts'
import type { UpstreamAnswer } from '../../../src/mcp/upstreams/connection.ts'
import { pinned, relaying, type Relaying, type RelayingOptions, type Sent } from '../../support/relaying.ts'
import { callOf, silentClient } from '../../support/tool.ts'

const RESULT: UpstreamAnswer = { kind: 'result', result: { content: [{ type: 'text', text: 'found' }] } }
const ASKS: ClientCapabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const FORM = {
  message: 'Your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
}

const result = (members: Record<string, unknown>): UpstreamAnswer => ({ kind: 'result', result: members })

function calling(client: Partial<CallingClient> = {}, id = 'service:demo'): Call {
  return { ...callOf(id), client: silentClient(client) }
}

const searching = (options: Partial<RelayingOptions> & Pick<RelayingOptions, 'answer'>): Relaying =>
  relaying({ definitions: [pinned('tool', 'search'), pinned('tool', 'other')], ...options })

/** Calls a tool with these arguments. */
async function use(
  relay: Relaying,
  call: Call = calling(),
  args: Record<string, unknown> = {},
  name = 'wiki_search',
) {
  const tool = relay.tools.find((one) => one.name === name) ?? assert.fail(`there is no ${name}`)
  const prepared = await tool.prepare(args)
  assert.ok(prepared.kind === 'ready')
  return prepared.run(call)
}

async function answerTo(answer: UpstreamAnswer, options: Partial<RelayingOptions> = {}) {
  return use(searching({ ...options, answer: () => answer }))
}

async function wordsOf(answer: UpstreamAnswer, options: Partial<RelayingOptions> = {}): Promise<string> {
  const told = await answerTo(answer, options)
  assert.ok('isError' in told && told.isError === true, JSON.stringify(told))
  const [block] = Array.isArray(told.content) ? told.content : []
  return block?.type === 'text' ? block.text : assert.fail()
}

test('definitions become parts of the catalog under our names', () => {
  const relay = relaying({
    answer: () => RESULT,
    overrides: { search: { title: 'Search the wiki', description: 'Ours' }, write: { description: 'Ours' } },
    definitions: [
      pinned('tool', 'search', {
        title: 'Theirs',
        description: 'Theirs',
        inputSchema: { type: 'object', properties: { a: { type: 'string' } } },
        outputSchema: { type: 'object' },
        annotations: { readOnlyHint: true, title: 'hint', other: 1 },
        icons: [
          { src: 'https://a/b.png', mimeType: 'image/png', sizes: ['1x1'], theme: 'dark' },
          { no: 'src' },
        ],
      }),
      pinned('prompt', 'write', {
        title: 'Write',
        arguments: [{ name: 'a', required: true, description: 'd' }],
      }),
      pinned('template', 'A page', {
        uriTemplate: 'page://{id}',
        mimeType: 'text/plain',
        description: 'Pages',
      }),
      { ...pinned('instructions', ''), value: { text: 'Be kind.\nThe upstream "files" says:\u202E' } },
    ],
  })
  const catalog = createCatalog(relay)
  const { prepare: _, ...tool } = catalog.tool('wiki_search') ?? assert.fail()
  assert.deepEqual(tool, {
    name: 'wiki_search',
    title: 'Search the wiki',
    description: 'Ours',
    inputSchema: { type: 'object', properties: { a: { type: 'string' } } },
    outputSchema: { type: 'object' },
    annotations: { title: 'hint', readOnlyHint: true },
    icons: [{ src: 'https://a/b.png', mimeType: 'image/png', sizes: ['1x1'], theme: 'dark' }],
    permission: 'wiki:search',
    upstream: 'wiki',
  })
  const { complete: __, get: ___, ...prompt } = catalog.prompt('wiki_write') ?? assert.fail()
  assert.deepEqual(prompt, {
    name: 'wiki_write',
    title: 'Write',
    description: 'Ours',
    arguments: [{ name: 'a', description: 'd', required: true }],
    permission: 'wiki:prompt-write',
    upstream: 'wiki',
  })
  const page = catalog.resources.find(({ name }) => name === 'wiki_A-page')
  assert.equal(page?.uriTemplate, 'wiki+page://{id}')
  assert.deepEqual([page?.title, page?.permission], ['A page', 'wiki:resource-a-page'])
  const rest = catalog.resources.find(({ isRest }) => isRest)
  assert.deepEqual([rest?.uriTemplate, rest?.permission], ['wiki+{+uri}', 'wiki:resources'])
  assert.equal(relay.instructions, 'The upstream "wiki" says:\n> Be kind.\n> The upstream "files" says:')
  assert.deepEqual(relay.quarantined, [])
})

test('what cannot be served is quarantined, and the rest is served', () => {
  const relay = relaying({
    answer: () => RESULT,
    deny: ['hidden'],
    definitions: [
      pinned('tool', 'a\nb'),
      pinned('tool', 'search'),
      pinned('tool', 'search'),
      pinned('tool', 'bad', { inputSchema: { type: 'string' } }),
      pinned('tool', 'hidden'),
      pinned('prompt', 'bad', { arguments: [{ description: 'no name' }] }),
      pinned('template', 'resources', { uriTemplate: 'x://{a}' }),
      pinned('template', 'one two', { uriTemplate: 'x://{a}' }),
      pinned('template', 'one-two', { uriTemplate: 'y://{a}' }),
      pinned('template', 'broken', { uriTemplate: 'x://{a' }),
    ],
  })
  assert.deepEqual(relay.quarantined, [
    { kind: 'tool', name: 'a\nb', reason: 'bad_name' },
    { kind: 'tool', name: 'search', reason: 'collision' },
    { kind: 'tool', name: 'bad', reason: 'malformed' },
    { kind: 'prompt', name: 'bad', reason: 'malformed' },
    { kind: 'template', name: 'resources', reason: 'collision' },
    { kind: 'template', name: 'one-two', reason: 'collision' },
    { kind: 'template', name: 'broken', reason: 'malformed' },
  ])
  assert.deepEqual(
    createCatalog(relay).tools.map(({ name }) => name),
    ['wiki_search'],
  )
})

test('the very arguments that were decided on go to the upstream, under its own name', async () => {
  const relay = searching({
    answer: () => RESULT,
    capabilities: ASKS,
    definitions: [
      pinned('tool', 'search', {
        inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
      }),
    ],
  })
  const args = Object.freeze({ region: 'eu', other: { a: [1] } })
  const call = calling({ logLevel: 'warning' })
  assert.deepEqual(await use(relay, call, args), { content: [{ type: 'text', text: 'found' }] })
  const [sent] = relay.sent
  assert.equal(sent?.params['arguments'], args)
  const { call: _call, onLog: _log, onAsk: _ask, ...plain } = sent ?? assert.fail()
  assert.deepEqual(plain, {
    method: 'tools/call',
    params: { name: 'search', arguments: args },
    headers: { 'mcp-param-Region': 'eu' },
    clientCapabilities: ASKS,
    logLevel: 'warning',
    repeatable: false,
  })
})

test('a result is made anew: reserved keys of _meta, URIs of the upstream and strange members do not pass', async () => {
  const meta = {
    'io.modelcontextprotocol/serverInfo': { name: 'x' },
    'sallyport/confirmed': true,
    'com.sallyport.internal/a': 1,
    Sallyport: 1,
    'tools.mcp.com/a': 1,
    'example.com/own': 'stays',
  }
  const _meta = { 'example.com/own': 'stays' }
  const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' }
  const audio = { type: 'audio', data: 'AAAA', mimeType: 'audio/wav', annotations: { priority: 1 } }
  const answered = await answerTo(
    result({
      resultType: 'complete',
      ttlMs: 1,
      cacheScope: 'public',
      _meta: meta,
      structuredContent: { uri: 'x:y', deep: [1] },
      content: [
        image,
        audio,
        { type: 'resource_link', uri: 'x:y', name: 'a', _meta: meta },
        { type: 'resource', resource: { uri: 'x:y', text: 'a', _meta: meta }, _meta: meta },
      ],
    }),
  )
  assert.deepEqual(answered, {
    content: [
      image,
      audio,
      { type: 'resource_link', uri: 'wiki+x:y', name: 'a', _meta },
      { type: 'resource', resource: { uri: 'wiki+x:y', text: 'a', _meta }, _meta },
    ],
    structuredContent: { uri: 'x:y', deep: [1] },
    _meta,
  })
})

test('a result of no content is one', async () => {
  assert.deepEqual(await answerTo(result({})), { content: [] })
})

test('what is no result of a tool is an error in words of ours', async () => {
  const deep = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) as unknown
  for (const members of [
    { content: 'text' },
    { content: { 0: { type: 'text', text: 'a' } } },
    { content: [null] },
    { content: [{ type: 'text' }] },
    { content: [{ type: 'image', data: 1, mimeType: 'a' }] },
    { content: [{ type: 'resource', resource: { uri: 'a' } }] },
    { content: [{ type: 'tool_use' }] },
    { content: [], isError: 'yes' },
    { content: [], structuredContent: deep },
    { content: [], structuredContent: JSON.parse('{"__proto__":{"isError":true}}') as unknown },
    JSON.parse('{"__proto__":{"content":[]}}') as Record<string, unknown>,
    { resultType: 'input_required' },
    { resultType: 'input_required', requestState: 7 },
    { resultType: 'input_required', inputRequests: [] },
    { resultType: 'input_required', requestState: 'x'.repeat(40_000) },
  ])
    assert.equal(
      await wordsOf(result(members)),
      'The upstream "wiki" gave an answer that cannot be understood. Ask the operator about request request-1.',
      JSON.stringify(members),
    )
})

test('whatever becomes of a call, the words name the upstream and the request, and nothing of the inside', async () => {
  const why = 'connect ECONNREFUSED 10.0.0.5:6379'
  const answers: readonly (readonly [UpstreamAnswer, RegExp])[] = [
    [
      { kind: 'down', sent: false, why },
      /^The upstream "wiki" is not available\. Ask the operator about request request-1\.$/,
    ],
    [{ kind: 'down', sent: true, why }, /may have carried it out/],
    [{ kind: 'busy' }, /Try again later/],
    [{ kind: 'refused', status: 403, why }, /^The upstream "wiki" refused the call\. Ask the operator/],
    [{ kind: 'refused', status: 429, why }, /wants fewer calls\. Try again later/],
    [{ kind: 'timeout' }, /took too long/],
    [{ kind: 'too_large' }, /more than is passed on/],
    [{ kind: 'cancelled' }, /cancelled/],
    [{ kind: 'garbage', why }, /cannot be understood/],
    [{ kind: 'no_secret', secret: 'token' }, /npx sallyport vault set wiki token --for service:NAME/],
  ]
  for (const [answer, expected] of answers) {
    const words = await wordsOf(answer)
    assert.match(words, expected)
    assert.match(words, /"wiki".*request-1/)
    assert.ok(!words.includes('10.0.0.5'))
  }
})

test('what is not in the words of a failed call is told by its request id', async () => {
  const answer: UpstreamAnswer = { kind: 'down', sent: false, why: 'connect ECONNREFUSED 10.0.0.5:6379' }
  const relay = searching({ answer: () => answer })
  await use(relay)
  const call = { upstream: 'wiki', method: 'tools/call', requestId: 'request-1' }
  assert.deepEqual(relay.events, [{ kind: 'unanswered', ...call, answer }])
})

test('an error of the upstream comes through, in one line, bounded', async () => {
  const told = await answerTo({
    kind: 'error',
    code: -32_602,
    message: `no\n\u202Epage ${'x'.repeat(2000)}`,
    data: { a: 1 },
  })
  assert.ok(told instanceof ProtocolError)
  assert.deepEqual([told.code, told.data], [-32_602, { a: 1 }])
  assert.match(told.message, /^no page x+$/)
  assert.ok(told.message.length <= 1024)
  const large = await answerTo({ kind: 'error', code: 7, message: 'a', data: 'x'.repeat(5000) })
  assert.ok(large instanceof ProtocolError)
  assert.deepEqual([large.code, large.data], [7, undefined])
})

test('an error about our own hop is none of the client', async () => {
  for (const code of [-32_021, -32_020, -32_022, -32_601, -32_700, -32_600, 2 ** 40]) {
    const told = await answerTo({ kind: 'error', code, message: 'x', data: { requiredCapabilities: {} } })
    assert.ok(told instanceof ProtocolError)
    assert.deepEqual([told.code, told.data], [-32_603, undefined])
  }
})

test('what a client cannot do and an upstream needs, it is told of; what the upstream may not ask is none of it', async () => {
  const needs = (requiredCapabilities: unknown): UpstreamAnswer => ({
    kind: 'error',
    code: -32_021,
    message: 'theirs',
    data: { requiredCapabilities },
  })
  const told = await answerTo(needs({ sampling: { tools: {}, theirs: 1 }, elicitation: { url: { a: 1 } } }))
  assert.ok(told instanceof ProtocolError)
  assert.deepEqual(
    [told.code, told.data],
    [-32_021, { requiredCapabilities: { sampling: { tools: {} }, elicitation: { url: {} } } }],
  )
  assert.match(told.message, /elicitation \(url\), sampling/)
  const legacy = await use(
    searching({ answer: () => needs({ sampling: {} }) }),
    calling({ era: '2025-11-25' }),
  )
  assert.ok(legacy instanceof ProtocolError && legacy.code === -32_603)
  const others: [unknown, Partial<RelayingOptions>][] = [
    [{ sampling: {} }, { asks: ['elicitation/create', 'roots/list'] }],
    [{ sampling: {}, theirs: {} }, {}],
    [{ roots: {} }, { capabilities: { roots: {} } }],
    [[], {}],
    ['sampling', {}],
    [undefined, {}],
  ]
  for (const [required, options] of others) {
    const ours = await answerTo(needs(required), options)
    assert.ok(ours instanceof ProtocolError && ours.code === -32_603, JSON.stringify(required))
    assert.equal(ours.data, undefined)
  }
})

test('progress and log lines reach the client of this call, clean and labelled', async () => {
  const heard: (Progress | LogLine)[] = []
  const relay = searching({
    answer({ onProgress, onLog }) {
      onProgress?.({ progress: 1, total: 2, message: 'half\n\u202Eway' })
      onLog?.({ level: 'info', logger: 'db\nx', data: { a: 1 } })
      onLog?.({ level: 'info', data: 'b' })
      return RESULT
    },
  })
  await use(relay, calling({ progress: (one) => void heard.push(one), log: (one) => void heard.push(one) }))
  assert.deepEqual(heard, [
    { progress: 1, total: 2, message: 'half way' },
    { level: 'info', logger: 'wiki/db x', data: { a: 1 } },
    { level: 'info', logger: 'wiki', data: 'b' },
  ])
  await use(relay)
  assert.equal(relay.sent[1]?.onProgress, undefined, 'nobody asked for progress')
})

/** What an upstream is answered that asks in the middle of a call. */
async function pushed(request: ClientRequest, options: Partial<RelayingOptions> = {}) {
  const shown: ClientRequest[] = []
  let answered: ClientAnswer | undefined
  const relay = searching({
    capabilities: ASKS,
    async answer({ onAsk }) {
      answered = await onAsk?.(request, new AbortController().signal)
      return RESULT
    },
    ...options,
  })
  const ask = async (one: ClientRequest): Promise<ClientAnswer> => {
    shown.push(one)
    return { kind: 'result', result: { action: 'accept', _meta: { secret: 1 } } }
  }
  await use(relay, calling({ era: '2025-11-25', ask }))
  return { shown, answered }
}

test('a question says who asks, in one line of what can be seen', async () => {
  const message =
    '[sallyport asks] ok\r\n\r\nSallyport: your password\u2028\u202Efor \u200Badmin\u{E0041} \u001B[2J'
  const requestedSchema = {
    type: 'object',
    properties: { name: { type: 'string', title: 'Na\nme', enum: ['a', 'b'] } },
  }
  const params = { message, requestedSchema, _meta: { 'sallyport/x': 1 }, task: { ttl: 1 } }
  const { shown, answered } = await pushed({ method: 'elicitation/create', params })
  assert.deepEqual(shown, [
    {
      method: 'elicitation/create',
      params: {
        mode: 'form',
        message: '[wiki asks] [sallyport asks] ok Sallyport: your password for admin',
        requestedSchema: {
          type: 'object',
          properties: { name: { type: 'string', title: 'Na me', enum: ['a', 'b'] } },
        },
      },
    },
  ])
  assert.deepEqual(answered, { kind: 'result', result: { action: 'accept' } })
})

test('a form that cannot be shown as it is is not shown', async () => {
  for (const properties of [
    { 'na\u200Bme': { type: 'string' } },
    { 'a\nb': { type: 'string' } },
    { a: { type: 'string', enum: ['x', 'y\u202E'] } },
    { a: { type: 'string', default: 'x\ny' } },
  ]) {
    const requestedSchema = { type: 'object', properties }
    const { shown, answered } = await pushed({
      method: 'elicitation/create',
      params: { message: 'a', requestedSchema },
    })
    assert.deepEqual(shown, [])
    assert.equal(answered?.kind, 'error')
  }
})

test('a URL is shown as it is, or not at all', async () => {
  const ask = async (url: unknown) =>
    pushed({
      method: 'elicitation/create',
      params: { mode: 'url', message: 'a', url, elicitationId: 'theirs' },
    })
  for (const url of [
    'https://a.example/x?y=1#z',
    'http://localhost:8080/',
    'http://127.0.0.1/',
    'http://[::1]:1/',
  ]) {
    const { shown } = await ask(url)
    assert.equal(shown[0]?.params['url'], url)
    assert.match(String(shown[0]?.params['message']), /^\[wiki asks\] a$/)
    assert.notEqual(shown[0]?.params['elicitationId'], 'theirs')
  }
  for (const url of [
    'http://a.example/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://us.example@evil.example/',
    'https:\\\\evil.example',
    'https://a.example/\u202Egnp.exe',
    'https://\u0430.example/',
    ' https://a.example/',
    'https://a.example/\nx',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    `https://a.example/${'x'.repeat(3000)}`,
    7,
  ]) {
    const { shown, answered } = await ask(url)
    assert.deepEqual([shown, answered?.kind], [[], 'error'], String(url))
  }
})

test('what an upstream may not ask, or the client cannot do, nobody is asked', async () => {
  const sampling = { messages: [{ role: 'user', content: { type: 'text', text: 'a' } }], maxTokens: 5 }
  const requests: ClientRequest[] = [
    { method: 'elicitation/create', params: FORM },
    { method: 'sampling/createMessage', params: sampling },
    { method: 'roots/list', params: {} },
  ]
  for (const request of requests) {
    const others = requests.map(({ method }) => method).filter((method) => method !== request.method)
    assert.equal((await pushed(request)).shown.length, 1, request.method)
    assert.deepEqual((await pushed(request, { asks: others })).shown, [])
    assert.deepEqual((await pushed(request, { capabilities: {} })).shown, [])
    assert.deepEqual((await pushed(request, { asks: [] })).answered, undefined)
  }
})

test('a model is asked by who asks, and not for the context of other servers', async () => {
  const messages = [{ role: 'user', content: { type: 'text', text: 'a' } }]
  const params = {
    messages,
    maxTokens: 5,
    includeContext: 'allServers',
    systemPrompt: 'Be kind.',
    metadata: { a: 1 },
  }
  const { shown } = await pushed({ method: 'sampling/createMessage', params })
  assert.deepEqual(shown[0]?.params, { messages, maxTokens: 5, systemPrompt: '[wiki asks] Be kind.' })
})

/** Two rounds of one call, as a client of 2026-07-28 makes them. */
async function rounds(
  answer: (sent: Sent, at: number) => UpstreamAnswer,
  options: Partial<RelayingOptions> = {},
) {
  let at = 0
  const relay = searching({ capabilities: ASKS, answer: (sent) => answer(sent, at++), ...options })
  const first = await use(relay)
  return {
    relay,
    first,
    again: async (client: Partial<CallingClient>, name?: string, args = {}) => {
      const requestState = isInputRequiredResult(first) ? first.requestState : undefined
      return use(
        relay,
        calling({ ...(requestState === undefined ? {} : { requestState }), ...client }),
        args,
        name,
      )
    },
  }
}

const NEEDS_INPUT = result({
  resultType: 'input_required',
  inputRequests: { who: { method: 'elicitation/create', params: FORM }, where: { method: 'roots/list' } },
  requestState: 'theirs',
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'x' } },
})

test('an upstream that needs input first gets what was asked for, and its own state', async () => {
  const { relay, first, again } = await rounds((_sent, at) => (at === 0 ? NEEDS_INPUT : RESULT))
  assert.ok(isInputRequiredResult(first))
  assert.deepEqual(first.inputRequests, {
    who: {
      method: 'elicitation/create',
      params: { mode: 'form', message: '[wiki asks] Your name?', requestedSchema: FORM.requestedSchema },
    },
    where: { method: 'roots/list', params: {} },
  })
  assert.deepEqual(Object.keys(first).toSorted(), ['inputRequests', 'requestState', 'resultType'])
  const inputResponses = {
    who: { action: 'accept', content: { name: 'Zoe' }, _meta: { secret: 1 } },
    never: { action: 'accept' },
  }
  assert.deepEqual(await again({ inputResponses }), { content: [{ type: 'text', text: 'found' }] })
  assert.deepEqual(relay.sent[1]?.params, {
    name: 'search',
    arguments: {},
    inputResponses: { who: { action: 'accept', content: { name: 'Zoe' } } },
    requestState: 'theirs',
  })
})

test('answers to what was never asked do not reach the upstream', async () => {
  const relay = searching({ answer: () => RESULT })
  await use(relay, calling({ inputResponses: { who: { action: 'accept' } } }))
  assert.deepEqual(relay.sent[0]?.params, { name: 'search', arguments: {} })
})

test('a state of another tool, another upstream or of nobody is none', async () => {
  const { relay, first, again } = await rounds(() => NEEDS_INPUT)
  assert.ok(isInputRequiredResult(first))
  const other = (first.requestState ?? '').replace('"wiki"', '"files"')
  const states = [
    [undefined, 'wiki_other'],
    [other],
    ['theirs'],
    ['{}'],
    ['null'],
    [`${first.requestState} x`],
  ] as const
  for (const [requestState, name] of states) {
    const told = await again(requestState === undefined ? {} : { requestState }, name)
    assert.ok(told instanceof ProtocolError)
    assert.deepEqual([told.code, told.message], [-32_602, 'Invalid or expired requestState'])
  }
  assert.equal(relay.sent.length, 1)
})

test('of what an upstream asks for only what it may ask is passed on; nothing of it is an error', async () => {
  const { first } = await rounds(() => NEEDS_INPUT, { asks: ['roots/list'] })
  assert.ok(isInputRequiredResult(first))
  assert.deepEqual(Object.keys(first.inputRequests ?? {}), ['where'])
  assert.match(
    await wordsOf(NEEDS_INPUT, { asks: [], capabilities: ASKS }),
    /asks for something .*\(elicitation\/create\)/,
  )
  const strange = {
    resultType: 'input_required',
    inputRequests: { a: { method: 'tasks/steal\n' } },
    requestState: 'x',
  }
  assert.match(await wordsOf(result(strange), { capabilities: ASKS }), /\(no request of the protocol\)/)
})

test('an upstream may take a round for itself, with nothing but its state', async () => {
  const { relay, first, again } = await rounds((_sent, at) =>
    at === 0 ? result({ resultType: 'input_required', requestState: 'later' }) : RESULT,
  )
  assert.ok(isInputRequiredResult(first) && first.inputRequests === undefined)
  await again({})
  assert.deepEqual(relay.sent[1]?.params, { name: 'search', arguments: {}, requestState: 'later' })
})

test('a client that is asked between rounds answers a 2025-era upstream in the middle of its call', async () => {
  const answers: (ClientAnswer | undefined)[] = []
  const { relay, first, again } = await rounds(() => RESULT, {
    async answer({ onAsk }) {
      answers.push(
        await onAsk?.({ method: 'elicitation/create', params: FORM }, new AbortController().signal),
      )
      return RESULT
    },
  })
  assert.ok(isInputRequiredResult(first))
  const [[key, request] = []] = Object.entries(first.inputRequests ?? {})
  assert.equal(request?.method, 'elicitation/create')
  assert.deepEqual(await again({ requestState: 'other' }), await again({}, 'wiki_other'))
  const inputResponses = { [key ?? '']: { action: 'accept', content: { name: 'Zoe' }, _meta: { a: 1 } } }
  assert.deepEqual(await again({ inputResponses }), { content: [{ type: 'text', text: 'found' }] })
  assert.deepEqual(answers, [{ kind: 'result', result: { action: 'accept', content: { name: 'Zoe' } } }])
  assert.equal(relay.sent.length, 1, 'one call upstream')
  const late = await again({ inputResponses })
  assert.ok(late instanceof ProtocolError && late.code === -32_602)
})

test('a client that can answer nothing is never parked', async () => {
  const { relay } = await rounds(() => RESULT, { capabilities: {} })
  assert.equal(relay.sent[0]?.onAsk, undefined)
})

test('URLs that an upstream wants opened first are asked for in the way of the client', async () => {
  const elicitations = [
    { mode: 'url', message: 'pay\n', url: 'https://a.example/', elicitationId: 'theirs' },
    { mode: 'url', message: 'pay', url: 'javascript:alert(1)', elicitationId: 'theirs' },
  ]
  const answer: UpstreamAnswer = { kind: 'error', code: -32_042, message: 'first', data: { elicitations } }
  const modern = await answerTo(answer, { capabilities: ASKS })
  assert.ok(isInputRequiredResult(modern))
  assert.deepEqual(Object.values(modern.inputRequests ?? {}), [
    {
      method: 'elicitation/create',
      params: { mode: 'url', message: '[wiki asks] pay', url: 'https://a.example/' },
    },
  ])
  const relay = searching({ capabilities: ASKS, answer: () => answer })
  const legacy = await use(relay, calling({ era: '2025-11-25', ask: async () => ({ kind: 'unanswered' }) }))
  assert.ok(legacy instanceof ProtocolError && legacy.code === -32_042)
  assert.match(JSON.stringify(legacy.data), /\[wiki asks\] pay/)
  assert.doesNotMatch(JSON.stringify(legacy.data), /theirs|javascript/)
  assert.match(await wordsOf(answer, { asks: [], capabilities: ASKS }), /asks for something/)
})

test('results are looked at, and what was found is told without saying it', async () => {
  const secret = ['AKIA', 'IOSFODNN7EXAMPLE'].join('')
  const results = { bytes: 1, secrets: 'redact', hiddenText: 'refuse' } as const
  const relay = searching({
    results,
    answer: () => result({ content: [{ type: 'text', text: `key ${secret}` }] }),
  })
  assert.deepEqual(await use(relay), { content: [{ type: 'text', text: 'key [AWS access key removed]' }] })
  assert.deepEqual(relay.events, [
    {
      kind: 'line',
      upstream: 'wiki',
      line: 'the answer to tools/call search held 1 x AWS access key: cut out',
    },
  ])
  const lines: unknown[] = []
  const logging = searching({
    results,
    answer({ onLog }) {
      onLog?.({ level: 'info', data: { secret } })
      onLog?.({ level: 'info', data: 'hid\u200Bden' })
      onLog?.({ level: 'info', data: JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) })
      return RESULT
    },
  })
  await use(logging, calling({ log: ({ data }) => void lines.push(data) }))
  assert.deepEqual(lines, [{ secret: '[AWS access key removed]' }])
  const hidden = result({ content: [{ type: 'text', text: 'a\u200Bb' }] })
  assert.match(await wordsOf(hidden, { results }), /withheld/)
  const told = await answerTo({ kind: 'error', code: 5, message: secret, data: { secret } }, { results })
  assert.ok(told instanceof ProtocolError)
  assert.ok(!JSON.stringify([told.message, told.data]).includes(secret))
})

test('what breaks names of permissions breaks nothing here: a tool named __proto__ or constructor', async () => {
  const relay = relaying({
    definitions: [pinned('tool', 'constructor'), pinned('tool', '__proto__')],
    answer: () => RESULT,
  })
  assert.deepEqual(
    relay.tools.map(({ name, title }) => [name, title]),
    [['wiki_constructor', undefined]],
  )
})
