import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { startBackend, type Backend } from '../support/backend.ts'
import {
  bridgedClient,
  rawBridge,
  type BridgeArguments,
  type BridgedClient,
  type Message,
} from '../support/bridge.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { CLIENT_SHAPES } from '../support/clients.ts'
import { writeIdentity } from '../support/identity.ts'
import { initialized, modernCall, MODERN_META } from '../support/messages.ts'

let directory: string
let authority: TestAuthority
let backend: Backend
let demo: BridgeArguments
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-bridge-'))
  authority = await testAuthority(directory)
  backend = await startBackend(authority)
  demo = { url: backend.url, dir: await writeIdentity(authority, 'demo') }
})
after(async () => {
  await backend.stop()
  await rm(directory, { recursive: true, force: true, maxRetries: 10 })
})

/** A call with what the SDKs offer for it; both take the same options. */
async function call(
  { first, second }: BridgedClient,
  params: { name: string; arguments?: Record<string, unknown> },
  options: {
    onprogress?: (progress: { progress: number }) => void
    signal?: AbortSignal
    timeout?: number
  } = {},
): Promise<{ content: unknown }> {
  return (
    first === undefined
      ? await second?.callTool(params, options)
      : await first.callTool(params, undefined, options)
  ) as { content: unknown }
}

/** What the clients answer when the server asks them for a name. */
const answer = async () => ({ action: 'accept' as const, content: { name: 'Zoe' } })

for (const shape of CLIENT_SHAPES)
  describe(`for a ${shape} client, a bridge forwards`, () => {
    let bridged: BridgedClient
    const ends: (() => unknown)[] = []
    before(async () => {
      bridged = await bridgedClient({ after: (end) => ends.push(end) }, shape, demo, {
        capabilities: { elicitation: { form: {} } },
        first: (client) => client.setRequestHandler(ElicitRequestSchema, answer),
        second: (client) => client.setRequestHandler('elicitation/create', answer),
      })
    })
    after(async () => {
      for (const end of ends) await end()
    })

    test('progress', async () => {
      const heard: number[] = []
      const onprogress = ({ progress }: { progress: number }) => {
        heard.push(progress)
        if (progress === 3) backend.order('release')
      }
      await call(bridged, { name: 'steps' }, { onprogress })
      assert.deepEqual(heard, [1, 2, 3])
    })

    test('cancellation', async () => {
      const controller = new AbortController()
      const since = backend.events.length
      const called = call(bridged, { name: 'hold' }, { signal: controller.signal })
      await backend.event('running', undefined, since)
      controller.abort()
      await assert.rejects(called)
      await backend.event('aborted', undefined, since)
    })

    test('what the server asks its client, and the answer', async () => {
      const { content } = await call(bridged, { name: 'ask' })
      assert.deepEqual(content, [{ type: 'text', text: 'hello Zoe' }])
    })

    test('a result of almost 10 MiB, which is the most that the SDKs take', async () => {
      const bytes = 10 * 1024 * 1024 - 1024
      const { content } = await call(bridged, { name: 'big', arguments: { bytes } })
      assert.equal((content as { text: string }[])[0]?.text.length, bytes)
    })

    test('an argument that a header repeats, of a tool that was not listed before', async () => {
      const { content } = await call(bridged, { name: 'region', arguments: { region: 'Österreich' } })
      assert.deepEqual(content, [{ type: 'text', text: 'in Österreich' }])
    })
  })

describe('a bridge', () => {
  test('keeps ids as they are, strings and numbers, and gives a result of 40 MB on one line', async (t) => {
    const bridge = rawBridge(t, demo)
    bridge.say(modernCall('1', 'big', { bytes: 1 }))
    bridge.say(modernCall(1, 'big', { bytes: 40_000_000 }))
    const [small, large] = await Promise.all(
      ['1', 1].map(async (id) => bridge.heard((message) => message.id === id)),
    )
    const lengthOf = (message: Message | undefined) =>
      (message?.result as { content: { text: string }[] } | undefined)?.content[0]?.text.length
    assert.equal(lengthOf(small), 1)
    assert.equal(lengthOf(large), 40_000_000)
    assert.equal(bridge.lines.length, 2)
  })

  test('gives the errors of the server with the id that was asked with, in both eras', async (t) => {
    const bridge = rawBridge(t, demo)
    bridge.say({ jsonrpc: '2.0', id: 'm', method: 'no/such', params: { _meta: MODERN_META } })
    assert.equal((await bridge.heard(({ id }) => id === 'm')).error?.code, -32601)
    // Before there is a session, the server answers with HTTP 400 and an error of no id.
    bridge.say({ jsonrpc: '2.0', id: 'early', method: 'ping' })
    assert.notEqual((await bridge.heard(({ id }) => id === 'early')).error, undefined)
    await initialized(bridge)
    bridge.say({ jsonrpc: '2.0', id: 'l', method: 'no/such' })
    assert.equal((await bridge.heard(({ id }) => id === 'l')).error?.code, -32601)
    bridge.say({ jsonrpc: '2.0', id: 'p', method: 'ping' })
    assert.deepEqual((await bridge.heard(({ id }) => id === 'p')).result, {})
  })

  test('answers what is no JSON, no text or no message with an error, and goes on', async (t) => {
    const bridge = rawBridge(t, demo)
    bridge.write('{"jsonrpc": "2.0", "id": 1,')
    bridge.write('"only a word"')
    bridge.write('{"jsonrpc": "2.0", "id": null, "method": "ping"}')
    bridge.process.stdin.write(Buffer.from([0xff, 0xfe, 0x0a]))
    bridge.write('')
    bridge.say({ jsonrpc: '2.0', id: 'steps', method: 'server/discover', params: { _meta: MODERN_META } })
    await bridge.heard(({ id }) => id === 'steps')
    const codes = bridge.lines.map((line) => (JSON.parse(line) as Message).error?.code)
    assert.deepEqual(codes.slice(0, 4), [-32700, -32600, -32600, -32700])
  })

  test('opens one session for a 2025-era client, says where it belongs in every request, and ends it', async (t) => {
    const bridge = rawBridge(t, demo)
    const since = backend.events.length
    await initialized(bridge)
    bridge.say({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    await bridge.heard(({ id }) => id === 1)
    await backend.event('stream', undefined, since)
    assert.equal(await bridge.close(), 0)
    await backend.event('session_over', undefined, since)
    const requests = backend.events.slice(since).filter((event) => event.event === 'request')
    const all = requests.map(({ method, headers }) => [
      method,
      headers['mcp-session-id'] === undefined ? null : 'session',
      headers['mcp-protocol-version'] ?? null,
    ])
    // The server may tell late of what a bridge before this one asked; each begins with a try.
    const seen = all.slice(all.findLastIndex(([method, session]) => method === 'GET' && session === null))
    // A try whether the server takes us; then the client's.
    assert.deepEqual(seen.slice(0, 3), [
      ['GET', null, null],
      ['POST', null, null],
      ['POST', 'session', '2025-11-25'],
    ])
    assert.deepEqual(new Set(seen.slice(3).map(([method]) => method)), new Set(['POST', 'GET', 'DELETE']))
    assert.ok(seen.slice(3).every(([, session, version]) => session !== null && version === '2025-11-25'))
  })

  test('learns the headers of a tool that its client has never listed', async (t) => {
    const bridge = rawBridge(t, demo)
    bridge.say(modernCall('where', 'region', { region: 'Österreich' }))
    const { result, error } = await bridge.heard(({ id }) => id === 'where')
    assert.equal(error, undefined)
    assert.deepEqual(result?.['content'], [{ type: 'text', text: 'in Österreich' }])
    assert.equal(bridge.lines.length, 1)
  })

  test('sends what needs no answer in the order in which it was said, and before what is asked afterwards', async (t) => {
    const bridge = rawBridge(t, demo)
    await initialized(bridge)
    const since = backend.events.length
    const said: string[] = []
    for (let turn = 0; turn < 15; turn++) {
      for (const _meta of [{ turn: `${turn} a` }, { turn: `${turn} b` }]) {
        bridge.say({ jsonrpc: '2.0', method: 'notifications/roots/list_changed', params: { _meta } })
        said.push(_meta.turn)
      }
      bridge.say({ jsonrpc: '2.0', id: turn, method: 'ping', params: { _meta: { turn: `${turn} c` } } })
      said.push(`${turn} c`)
    }
    await bridge.heard(({ id }) => id === 14)
    const seen = backend.events.slice(since).flatMap((event) => {
      const turn = event.event === 'request' ? /"turn":"([^"]+)"/.exec(event.body ?? '')?.[1] : undefined
      return turn === undefined ? [] : [turn]
    })
    const notifications = (turns: readonly string[]) => turns.filter((turn) => !turn.endsWith('c'))
    assert.deepEqual(notifications(seen), notifications(said))
    for (let turn = 0; turn < 15; turn++) assert.ok(seen.indexOf(`${turn} b`) < seen.indexOf(`${turn} c`))
  })

  test('tells of changes in both eras', async (t) => {
    const bridge = rawBridge(t, demo)
    const since = backend.events.length
    await initialized(bridge)
    await backend.event('stream', undefined, since)
    const listen = { notifications: { toolsListChanged: true }, _meta: MODERN_META }
    bridge.say({ jsonrpc: '2.0', id: 'listen', method: 'subscriptions/listen', params: listen })
    await bridge.heard(({ method }) => method === 'notifications/subscriptions/acknowledged')
    backend.order('change')
    const isChange = ({ method }: Message) => method === 'notifications/tools/list_changed'
    await bridge.heard((message) => isChange(message) && message.params?.['_meta'] === undefined)
    await bridge.heard((message) => isChange(message) && message.params?.['_meta'] !== undefined)
    bridge.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'listen' } })
    await backend.event('stream_over', undefined, since)
  })

  for (const era of ['2025', '2026'])
    test(`cancels what runs when its client leaves (${era})`, async (t) => {
      const bridge = rawBridge(t, demo)
      const since = backend.events.length
      if (era === '2025') await initialized(bridge)
      const legacyCall = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'hold', arguments: {} },
      }
      bridge.say(era === '2025' ? legacyCall : modernCall(1, 'hold'))
      await backend.event('running', undefined, since)
      assert.equal(await bridge.close(), 0)
      await backend.event('aborted', undefined, since)
    })
})
