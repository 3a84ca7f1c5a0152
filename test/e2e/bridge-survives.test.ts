import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startBackend, type Backend } from '../support/backend.ts'
import { rawBridge, type Message } from '../support/bridge.ts'
import { testAuthority, type TestAuthority } from '../support/certificates.ts'
import { initialized, modernCall, MODERN_META } from '../support/messages.ts'
import { writeIdentity } from '../support/identity.ts'

let directory: string
let authority: TestAuthority
let dir: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-bridge-'))
  authority = await testAuthority(directory)
  dir = await writeIdentity(authority, 'demo')
})
after(async () => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

async function started(
  t: { after(end: () => unknown): void },
  port = 0,
  resumable = false,
): Promise<Backend> {
  const backend = await startBackend(authority, { port, resumable })
  t.after(async () => backend.stop())
  return backend
}

const listTools = (id: string): object => ({ jsonrpc: '2.0', id, method: 'tools/list' })
const isChange = ({ method }: Message): boolean => method === 'notifications/tools/list_changed'

// Beside each other, since one of them waits for as long as a request is made to wait.
describe('a bridge', { concurrency: 3 }, () => {
  test('a server that is started again gets a new session, a request in between waits, and the client notices nothing', async (t) => {
    const first = await started(t)
    const bridge = rawBridge(t, { url: first.url, dir })
    await initialized(bridge)
    bridge.say({ jsonrpc: '2.0', id: 'level', method: 'resources/subscribe', params: { uri: 'note://a' } })
    await bridge.heard(({ id }) => id === 'level')
    await first.event('stream')
    await first.stop('SIGTERM')
    bridge.say(listTools('between'))
    await bridge.told(/nobody listens/)
    const second = await started(t, first.port)
    const answer = await bridge.heard(({ id }) => id === 'between')
    assert.equal(answer.error, undefined)
    assert.equal(second.count('session'), 1)
    // What was set in the old session is set in the new one, and what may have changed meanwhile is looked at again.
    await second.event('request', ({ body }) => body?.includes('resources/subscribe') === true)
    await second.event('stream')
    await bridge.heard(isChange)
    bridge.say(listTools('later'))
    await bridge.heard(({ id }) => id === 'later')
    assert.equal(second.count('session'), 1)
    assert.match(bridge.stderr(), /the server answers again/)
    assert.equal(bridge.stderr().match(/nobody listens/g)?.length, 1)
  })

  test('a subscription lasts over a restart of the server', async (t) => {
    const first = await started(t)
    const bridge = rawBridge(t, { url: first.url, dir })
    const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META }
    bridge.say({ jsonrpc: '2.0', id: 'listen', method: 'subscriptions/listen', params })
    await bridge.heard(({ method }) => method === 'notifications/subscriptions/acknowledged')
    await first.stop()
    await bridge.told(/nobody listens/)
    const second = await started(t, first.port)
    await bridge.heard(isChange)
    second.order('change')
    const changes = (): number => bridge.lines.filter((line) => line.includes('list_changed')).length
    while (changes() < 2) await bridge.line()
    assert.equal(bridge.lines.filter((line) => line.includes('acknowledged')).length, 1)
    assert.equal(bridge.lines.filter((line) => line.includes('"id":"listen"')).length, 0)
  })

  for (const era of ['2025', '2026'])
    test(`a call whose server is killed gets an error, and is not made again (${era})`, async (t) => {
      const first = await started(t)
      const bridge = rawBridge(t, { url: first.url, dir })
      if (era === '2025') await initialized(bridge)
      const call = {
        jsonrpc: '2.0',
        id: 'call',
        method: 'tools/call',
        params: { name: 'hold', arguments: {} },
      }
      bridge.say(era === '2025' ? call : modernCall('call', 'hold'))
      await first.event('running')
      await first.stop('SIGKILL')
      const { error } = await bridge.heard(({ id }) => id === 'call')
      assert.match(error?.message ?? '', /it is not known whether the request was carried out/)
      const second = await started(t, first.port)
      bridge.say(modernCall('after', 'big', { bytes: 1 }))
      await bridge.heard(({ id }) => id === 'after')
      assert.equal(second.count('running'), 0)
      assert.equal(bridge.lines.filter((line) => line.includes('"id":"call"')).length, 1)
    })

  test('what the server asked in a session that is lost is withdrawn, and its answer goes nowhere', async (t) => {
    const first = await started(t)
    const bridge = rawBridge(t, { url: first.url, dir })
    await initialized(bridge, { elicitation: { form: {} } })
    bridge.say({ jsonrpc: '2.0', id: 'ask', method: 'tools/call', params: { name: 'ask', arguments: {} } })
    const asked = await bridge.heard(({ method }) => method === 'elicitation/create')
    await first.stop()
    const second = await started(t, first.port)
    bridge.say(listTools('new session'))
    await bridge.heard(({ id }) => id === 'new session')
    const withdrawn = await bridge.heard(({ method }) => method === 'notifications/cancelled')
    assert.equal(withdrawn.params?.['requestId'], asked.id)
    bridge.say({ jsonrpc: '2.0', id: asked.id, result: { action: 'accept', content: { name: 'Zoe' } } })
    bridge.say(listTools('afterwards'))
    await bridge.heard(({ id }) => id === 'afterwards')
    assert.equal(
      second.events.some((event) => event.event === 'request' && event.body?.includes('Zoe') === true),
      false,
    )
  })

  test('the rest of an answer whose stream the server closed is asked for, and nothing is made twice', async (t) => {
    const backend = await started(t, 0, true)
    const bridge = rawBridge(t, { url: backend.url, dir })
    await initialized(bridge)
    const params = { name: 'interrupt', arguments: {} }
    bridge.say({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params })
    await backend.event('running')
    await backend.event('request', ({ headers }) => headers['last-event-id'] !== undefined)
    backend.order('release')
    const { result } = await bridge.heard(({ id }) => id === 'call')
    assert.deepEqual(result?.['content'], [{ type: 'text', text: 'the rest' }])
    assert.equal(backend.count('running'), 1)
  })

  test('a request that is cancelled while the server cannot be reached is never sent', async (t) => {
    const first = await started(t)
    await first.stop()
    const bridge = rawBridge(t, { url: first.url, dir })
    bridge.say(modernCall('never', 'hold'))
    await bridge.told(/nobody listens/)
    bridge.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'never' } })
    const second = await started(t, first.port)
    bridge.say(modernCall('sent', 'big', { bytes: 1 }))
    await bridge.heard(({ id }) => id === 'sent')
    assert.equal(second.count('running'), 0)
    assert.equal(bridge.lines.length, 1)
  })

  test('a server that stays away is an error that says so, after a while', async (t) => {
    const gone = await started(t)
    await gone.stop()
    const bridge = rawBridge(t, { url: gone.url, dir })
    bridge.say(modernCall('call', 'hold'))
    const { error } = await bridge.heard(({ id }) => id === 'call')
    assert.match(error?.message ?? '', /nobody listens at https:\/\/localhost:\d+\/mcp/)
    assert.deepEqual(error?.data, { sent: false })
    assert.equal(await bridge.close(), 0)
  })
})
