import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { ResourceDefinition } from '../../src/mcp/resource.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { INITIALIZE, legacy, modern } from '../support/clients.ts'
import { testEndpoint, type Message, type TestEndpoint } from '../support/endpoint.ts'
import { policyOf } from '../support/server.ts'

const META = 'io.modelcontextprotocol'
const ENVELOPE = { [`${META}/protocolVersion`]: '2026-07-28', [`${META}/clientCapabilities`]: {} }
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const ICON = { src: 'https://example.com/icon.png', sizes: ['48x48'] }

/** More than one page of each, in words of several alphabets. */
const numbered = <Made>(made: (number: string) => Made): Made[] =>
  Array.from({ length: 1002 }, (_, index) => made(String(index).padStart(4, '0')))
const PARTS = {
  tools: numbered((number) =>
    defineTool({
      name: `tool_${number}`,
      title: `Werkzeug Nº ${number} 🛠 "quoted" \u2028`,
      description: 'Tut nichts.',
      inputSchema: z.strictObject({ word: z.string().meta({ description: 'Ein Wört' }) }),
      annotations: { readOnlyHint: true },
      permission: `test:${number < '0500' ? 'low' : 'high'}`,
      run: () => textResult('done'),
    }),
  ).map((tool) => Object.assign({}, tool, { icons: [ICON] })),
  prompts: numbered((number) => ({
    name: `prompt_${number}`,
    description: 'Спрашивает.',
    arguments: [{ name: 'what', required: true }],
    permission: 'test:prompt' as const,
    get: async () => ({ messages: [] }),
  })),
  resources: numbered((number): ResourceDefinition => ({
    name: `notes_${number}`,
    description: 'メモ',
    uriTemplate: `notes${number}:///{id}`,
    mimeType: 'text/plain',
    permission: 'test:notes',
    list: async () => [],
    read: async (uri) => ({ contents: [{ uri, text: '' }] }),
  })),
}
/** The place after a name that there is not. */
const MADE_UP = Buffer.from('ö', 'utf16le').toString('base64url')
const LISTS = ['tools/list', 'prompts/list', 'resources/templates/list']

type Asked = Pick<Message, 'headers'> & { readonly body: string }

/** The same message, with other things in it. */
function changed({ headers, body }: Asked, change: (message: Posted) => unknown): Asked {
  return { headers, body: JSON.stringify(change(JSON.parse(body) as Posted)) }
}

interface Posted {
  readonly id: unknown
  readonly params: { readonly _meta: object; readonly cursor?: unknown }
}

const withMeta = (asked: Asked, more: object): Asked =>
  changed(asked, (message) => ({
    ...message,
    params: { ...message.params, _meta: { ...message.params._meta, ...more } },
  }))
const withHeaders = ({ headers, body }: Asked, more: Record<string, string>): Asked => ({
  headers: { ...headers, ...more },
  body,
})

/** As it is answered at once, and as the protocol server answers: that sees one thing more, which says nothing. */
async function bothAnswers({ send }: TestEndpoint, asked: Asked, principal?: string): Promise<string> {
  const [quick, slow] = [send(asked, principal), send(withMeta(asked, { 'com.example/more': 1 }), principal)]
  assert.equal((await quick.answer).kind, 'json')
  const answer = await slow.answer
  assert.ok(answer.kind === 'response')
  assert.equal(answer.response.headers.get('content-type'), 'application/json')
  const text = await slow.text()
  assert.equal(await quick.text(), text)
  return text
}

const cursorIn = (text: string): string =>
  /"nextCursor":"([^"]+)"/.exec(text)?.[1] ?? assert.fail('no cursor')

test('lists are answered byte for byte as the protocol server would', async () => {
  const endpoint = testEndpoint(PARTS)
  for (const method of LISTS) {
    const first = modern(method)
    const text = await bothAnswers(endpoint, first)
    const last = await bothAnswers(endpoint, modern(method, { cursor: cursorIn(text) }))
    assert.doesNotMatch(last, /nextCursor/)
    assert.match(last, /_1001"/)
    for (const id of ['one', '', '"]\u2028é', 0, -7, Number.MAX_SAFE_INTEGER])
      await bothAnswers(endpoint, modern(method, { cursor: MADE_UP }, id))
    for (const accept of ['application/json', 'text/event-stream', '*/*', 'text/html'])
      await bothAnswers(endpoint, withHeaders(first, { accept }))
    await bothAnswers(endpoint, withMeta(first, { traceparent: TRACE, tracestate: 'a=b' }))
    await bothAnswers(endpoint, withMeta(first, { [`${META}/logLevel`]: 'debug' }))
    await bothAnswers(
      endpoint,
      withHeaders(first, { 'mcp-name': 'x', 'mcp-protocol-version': ' 2026-07-28 ' }),
    )
    await bothAnswers(
      endpoint,
      changed(first, (message) => ({ ...message, params: { _meta: ENVELOPE } })),
    )
  }
})

test('an empty list is one', async () => {
  const text = await bothAnswers(testEndpoint(), modern('tools/list'))
  assert.match(text, /"tools":\[\],/)
})

test('each caller is shown what its policy lets it see, and no more when that changes', async () => {
  let isHidden = (_principal: string, _permission: string): boolean => false
  const all = policyOf()
  const policy: typeof all = {
    ...all,
    decide: (context, asked, args, now) =>
      isHidden(context.principal.id, asked.permission)
        ? { kind: 'deny', reason: 'no_permission', rule: null, shadow: [] }
        : all.decide(context, asked, args, now),
    listKey: () => undefined,
  }
  const endpoint = testEndpoint({ tools: PARTS.tools, policy })
  isHidden = (principal, permission) => principal === 'service:admin-cli' && permission === 'test:low'
  const asked = modern('tools/list')
  const [one, other] = [
    await bothAnswers(endpoint, asked, 'service:admin-cli'),
    await bothAnswers(endpoint, asked, 'user:alice'),
  ]
  assert.deepEqual([one.includes('tool_0001'), one.includes('tool_0700')], [false, true])
  assert.deepEqual([other.includes('tool_0001'), other.includes('tool_0700')], [true, true])
  isHidden = () => true
  assert.match(await bothAnswers(endpoint, asked, 'user:alice'), /"tools":\[\],/)
})

test('what is not known to be good is answered by the protocol server', async () => {
  const { send, endpoint } = testEndpoint({ ...PARTS })
  const good = modern('tools/list')
  const without = (name: string): Asked => ({
    headers: Object.fromEntries(Object.entries(good.headers).filter(([header]) => header !== name)),
    body: good.body,
  })
  const withParams = (params: object): Asked =>
    changed(good, (message) => ({ ...message, params: { ...message.params, ...params } }))
  const doubtful: Readonly<Record<string, Asked>> = {
    'no version in a header': without('mcp-protocol-version'),
    'no method in a header': without('mcp-method'),
    'another version in a header': withHeaders(good, { 'mcp-protocol-version': '2025-11-25' }),
    'another method in a header': withHeaders(good, { 'mcp-method': 'prompts/list' }),
    'a version that nobody has': withMeta(withHeaders(good, { 'mcp-protocol-version': '2030-01-01' }), {
      [`${META}/protocolVersion`]: '2030-01-01',
    }),
    'no capabilities': changed(good, (message) => ({
      ...message,
      params: { _meta: { [`${META}/protocolVersion`]: '2026-07-28' } },
    })),
    'capabilities that are none': withMeta(good, { [`${META}/clientCapabilities`]: 1 }),
    'no envelope': changed(good, (message) => ({ ...message, params: {} })),
    'an envelope that is none': changed(good, (message) => ({ ...message, params: { _meta: [] } })),
    'a level that is none': withMeta(good, { [`${META}/logLevel`]: 'loud' }),
    'a trace that is none': withMeta(good, { traceparent: 1 }),
    'a progress token': withMeta(good, { progressToken: 1 }),
    'a parameter that nobody knows': withParams({ requestState: 'x' }),
    'a cursor that is none': withParams({ cursor: '!' }),
    'a cursor that is no text': withParams({ cursor: 1 }),
    'an id that is none': changed(good, (message) => ({ ...message, id: 1.5 })),
    'no id': changed(good, (message) => ({ ...message, id: undefined })),
    'a member that nobody knows': changed(good, (message) => ({ ...message, more: 1 })),
    'a batch': changed(good, (message) => [message]),
    'a list that is asked of families': modern('resources/list'),
    'what is no list': modern('server/discover'),
    'what is not served': modern('ping'),
  }
  for (const [what, asked] of Object.entries(doubtful))
    assert.notEqual((await send(asked).answer).kind, 'json', what)
  assert.equal((await send(good).answer).kind, 'json')
  assert.notEqual((await send({ ...good, method: 'GET' }).answer).kind, 'json')
  const gone = send({ ...good, body: Promise.resolve().then(() => good.body) })
  await gone.leave()
  assert.notEqual((await gone.answer).kind, 'json')
  await endpoint.close()
  await assert.rejects(send(good).answer)
})

test('a 2025-era session asks its own protocol server', async () => {
  const { send } = testEndpoint(PARTS)
  const opened = send(legacy('initialize', INITIALIZE))
  const answer = await opened.answer
  assert.ok(answer.kind === 'response')
  await opened.text()
  const session = answer.response.headers.get('mcp-session-id') ?? assert.fail()
  const listed = send(legacy('tools/list', {}, session))
  assert.equal((await listed.answer).kind, 'response')
  assert.match(await listed.text(), /tool_0001/)
})
