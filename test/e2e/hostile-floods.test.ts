import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { after, before, test } from 'node:test'
import { modern } from '../support/clients.ts'
import { stream, type Got } from '../support/dialed.ts'
import { calledIn, hostileDoor, textResult, type HostileDoor } from '../support/hostile.ts'
import { talkingClient } from '../support/talking-client.ts'

const FLOOD = 10_000
const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  prompts: { listChanged: true },
}

/** Streams on which upstreams speak unasked, by the path of each. */
const streams = new Map<string, (message: object) => void>()
/** What was asked of each, `path method`. */
const asked: string[] = []
const waiting = new Set<() => void>()

function answer(got: Got, response: ServerResponse, request: IncomingMessage): boolean {
  const { id, method } = got
  const path = request.url ?? ''
  asked.push(`${path} ${method ?? request.method}`)
  for (const look of waiting) look()
  if (request.method === 'GET') {
    streams.set(`${path} old`, stream(response))
    return true
  }
  if (method === 'subscriptions/listen') {
    const tell = stream(response)
    streams.set(`${path} new`, tell)
    // The one of /deaf confirms nothing.
    if (path !== '/deaf') tell({ method: 'notifications/subscriptions/acknowledged', params: {} })
    return true
  }
  if (method === 'resources/subscribe') return true
  if (calledIn(got) !== 'talk') return false
  const tell = stream(response)
  const meta = got.params?.['_meta'] as { progressToken?: unknown } | undefined
  for (let step = 1; step <= FLOOD; step++) {
    const params = { progressToken: meta?.progressToken, progress: step, message: `step ${step}` }
    tell({ method: 'notifications/progress', params })
    tell({ method: 'notifications/message', params: { level: 'error', data: `line ${step}` } })
  }
  for (let line = 0; line < 200; line++)
    tell({ method: 'notifications/message', params: { level: 'error', data: 'x'.repeat(60_000) } })
  tell({ id, result: textResult('talked') })
  response.end()
  return true
}

/** Fulfilled when upstreams were asked it so often. */
async function askedFor(what: string, times: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (asked.filter((one) => one === what).length < times) return
      waiting.delete(look)
      resolve()
    }
    waiting.add(look)
    look()
  })
}

let door: HostileDoor
before(async () => {
  const attack = { tools: ['talk'], capabilities: CAPABILITIES, answer }
  door = await hostileDoor({
    talks: { ...attack, limits: { notificationsPerSecond: 20 } },
    // As much as an operator can want to hear.
    loud: { ...attack, limits: { notificationsPerSecond: 10_000 } },
    storm: { ...attack, connection: 'shared' },
    deaf: attack,
  })
})
after(async () => door.close())

test('of 10,000 steps and lines a client hears a few, and the last step', async () => {
  const tls = { ...(await door.server.authority.client('admin-cli')), ca: door.server.authority.rootPem }
  const url = `https://localhost:${door.server.ports.certificates}/mcp`
  for (const [shape, era, meta] of [
    ['1.x', 'new', {}],
    ['2.x pinned', 'old', { 'io.modelcontextprotocol/logLevel': 'warning' }],
  ] as const) {
    const client = await talkingClient(shape, url, tls)
    const [result] = await Promise.all([client.call(`talks-${era}_talk`, {}, meta), door.goesOn()])
    assert.deepEqual(result.content, [{ type: 'text', text: 'talked' }])
    // Twenty a second, for as long as it takes to write them.
    assert.ok(client.progress.length + client.log.length < 400, `${client.progress.length} steps`)
    assert.ok(client.log.length > 0)
    assert.equal((client.progress.at(-1) as { progress: number }).progress, FLOOD)
    await client.close()
  }
})

test('what is kept for a client that does not read has a bound, however loud the upstream may be', async () => {
  for (const era of ['old', 'new']) {
    const { headers, body } = modern('tools/call', { name: `loud-${era}_talk`, arguments: {} })
    const message = JSON.parse(body) as { params: { _meta: Record<string, unknown> } }
    Object.assign(message.params._meta, { 'io.modelcontextprotocol/logLevel': 'debug' })
    const request = httpsRequest({
      ...(await door.server.authority.client('admin-cli')),
      ca: door.server.authority.rootPem,
      host: '127.0.0.1',
      servername: 'localhost',
      port: door.server.ports.certificates,
      path: '/mcp',
      method: 'POST',
      agent: false,
      headers: { host: 'localhost', ...headers },
    })
    const calls = door.upstreams.status().find(({ name }) => name === `loud-${era}`)?.inFlight
    assert.equal(calls, 0)
    const over = new Promise<void>((resolve) => {
      const stop = door.upstreams.observe((event) => {
        if (event.kind !== 'called' || event.upstream !== `loud-${era}`) return
        stop()
        resolve()
      })
    })
    request.end(JSON.stringify(message))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await Promise.all([over, door.goesOn()])
    let held = 0
    for await (const chunk of response) held += (chunk as Buffer).length
    // A MiB of lines in their envelopes; what was said was twelve times as much.
    assert.ok(held < 3 * 1024 * 1024, `${held} bytes`)
  }
})

test('an upstream whose lists change 10,000 times in a second is asked what it has once more', async () => {
  for (const era of ['old', 'new']) {
    const tell = streams.get(`/storm ${era}`) ?? assert.fail(`${era} is not listened to`)
    const askedBefore = asked.length
    for (let change = 0; change < FLOOD; change++)
      for (const kind of ['tools', 'resources', 'prompts'])
        tell({ method: `notifications/${kind}/list_changed` })
    await askedFor('/storm tools/list', era === 'old' ? 3 : 4)
    await door.goesOn()
    const listings = asked.slice(askedBefore).filter((one) => one === '/storm tools/list')
    assert.ok(listings.length <= 2, String(listings))
  }
})

test('updates of what nobody watches, of what is of others, and of nothing come to nobody', async () => {
  const heard: string[] = []
  for (const client of door.clients)
    assert.deepEqual(await client.watch(['storm-old+x:own'], (uri) => void heard.push(uri)), [
      'storm-old+x:own',
    ])
  await askedFor('/storm resources/subscribe', 1)
  const tell = streams.get('/storm old') ?? assert.fail()
  for (let update = 0; update < FLOOD; update++)
    tell({ method: 'notifications/resources/updated', params: { uri: `x:${update}` } })
  for (const uri of ['good+good://page', 'good://page', 'storm-old+x:own', 7, undefined])
    tell({ method: 'notifications/resources/updated', params: { uri } })
  tell({ method: 'notifications/resources/updated', params: { uri: 'x:own' } })
  await door.goesOn()
  while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(heard, ['storm-old+x:own', 'storm-old+x:own'])
})

test('a subscription that is never confirmed keeps nobody waiting', async () => {
  for (const client of door.clients) {
    const uris = ['deaf-old+x:1', 'deaf-new+x:1', 'good+good://page']
    assert.deepEqual((await client.watch(uris, () => undefined)).toSorted(), uris.toSorted())
  }
  await door.goesOn()
})
