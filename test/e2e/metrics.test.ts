import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern, type Answer, type Ask } from '../support/clients.ts'
import { metricBecomes, metricsAt, valueOf, type Sample } from '../support/metrics.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'
import { openSession } from '../support/session.ts'
import { openStreams } from '../support/streams.ts'

const address = { host: '127.0.0.1', port: 0 }
let server: TestServer
let demo: TestPair & { readonly port: number; readonly ca: string }
before(async () => {
  server = await startServer({
    listeners: {
      certificates: { ...address, clientCertificate: 'required' },
      people: address,
      operations: address,
    },
    catalog: {
      tools: [
        defineTool({
          name: 'hidden_tool',
          description: 'Is nobody else’s business.',
          inputSchema: z.object({}),
          permission: 'hidden:call',
          run: () => textResult('done'),
        }),
      ],
    },
  })
  demo = {
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    ...(await server.authority.client('demo')),
  }
})
after(async () => server.close())

const send = async (method: string, params = {}, more: Partial<Ask> = {}): Promise<Answer> =>
  ask({ ...demo, ...modern(method, params), ...more })
const now = async (): Promise<readonly Sample[]> => (await metricsAt(server.ports.operations)).samples
const requests = (labels: Record<string, string>): Promise<void> =>
  metricBecomes(server.ports.operations, 1, 'sallyport_requests_total', labels)

test('requests are counted by method, door, decision and reason', async () => {
  await send('tools/call', { name: 'time_now', arguments: {} })
  await requests({ method: 'tools/call', door: 'certificates', decision: 'allow', reason: 'none' })
  await send('tools/call', { name: 'notes_write', arguments: {} })
  await requests({ method: 'tools/call', door: 'certificates', decision: 'deny', reason: 'no_permission' })
  await send('tools/call', { name: 'there_is_none', arguments: {} })
  await requests({ method: 'tools/call', door: 'certificates', decision: 'deny', reason: 'unknown_name' })
  await send('tools/list')
  await requests({ method: 'tools/list', door: 'certificates', decision: 'none', reason: 'none' })
  const { token } = await openSession(server, 'alice')
  const person = modern('tools/list')
  const headers = { ...person.headers, authorization: `Bearer ${token}` }
  await ask({ port: server.ports.people ?? 0, ca: server.authority.rootPem, ...person, headers })
  await requests({ method: 'tools/list', door: 'people', decision: 'none' })
})

test('the steps of a request are timed: who calls, what is decided and recorded, what runs', async () => {
  await send('tools/call', { name: 'time_now', arguments: {} })
  const samples = await now()
  const count = (metric: string, labels: Record<string, string>): number =>
    valueOf(samples, `sallyport_${metric}_duration_seconds_count`, labels) ?? 0
  const sum = valueOf(samples, 'sallyport_run_duration_seconds_sum') ?? 0
  assert.ok(count('authentication', { door: 'certificates', outcome: 'identified' }) > 0)
  assert.ok(count('guard', { step: 'decide' }) > 0)
  assert.equal(count('guard', { step: 'decide' }), count('guard', { step: 'record' }))
  assert.ok(count('run', { method: 'tools/call', outcome: 'ok' }) > 0)
  assert.ok(sum > 0 && sum < 10, `${sum} is seconds`)
  assert.ok(count('store', { group: 'sessions', outcome: 'ok' }) > 0)
  assert.ok((valueOf(samples, 'sallyport_audit_lag_seconds_count') ?? 0) > 0)
  assert.equal(valueOf(samples, 'sallyport_audit_waiting'), 0)
  assert.ok((valueOf(samples, 'process_cpu_user_seconds_total') ?? 0) > 0, 'and the process itself')
})

test('handshakes and refusals are counted by layer and reason', async () => {
  const handshakes = async (outcome: string): Promise<number> =>
    valueOf(await now(), 'sallyport_handshakes_total', { door: 'certificates', outcome }) ?? 0
  const accepted = await handshakes('accepted')
  await send('tools/list')
  assert.equal(await handshakes('accepted'), accepted + 1)
  await assert.rejects(ask({ port: demo.port, ca: demo.ca, ...modern('tools/list') }))
  await metricBecomes(server.ports.operations, 1, 'sallyport_handshakes_total', { outcome: 'refused' })
  const tls = { door: 'certificates', layer: 'tls', reason: 'no_credential' }
  await metricBecomes(server.ports.operations, 1, 'sallyport_refusals_total', tls)
  assert.equal(await handshakes('accepted'), accepted + 1)
  const stranger = await ask({ port: server.ports.people ?? 0, ca: demo.ca, ...modern('tools/list') })
  assert.equal(stranger.status, 401)
  const http = { door: 'people', layer: 'http', reason: 'no_credential' }
  await metricBecomes(server.ports.operations, 1, 'sallyport_refusals_total', http)
})

test('open connections and streams go up, and down again', async () => {
  const door = { door: 'certificates' }
  await metricBecomes(server.ports.operations, 0, 'sallyport_connections_open', door)
  const streams = await openStreams(demo, 3)
  await metricBecomes(server.ports.operations, 3, 'sallyport_streams_open', door)
  await metricBecomes(server.ports.operations, 3, 'sallyport_requests_in_flight', door)
  assert.equal(valueOf(await now(), 'sallyport_connections_open', door), 3)
  for (const stream of streams) stream.destroy()
  for (const name of ['sallyport_connections_open', 'sallyport_streams_open', 'sallyport_requests_in_flight'])
    await metricBecomes(server.ports.operations, 0, name, door)
})

test('the policy in force is one series, whatever was in force before', async () => {
  const digests = async (): Promise<readonly unknown[]> =>
    (await now())
      .filter(({ name }) => name === 'sallyport_policy_info')
      .map(({ labels, value }) => [labels, value])
  const next = policyOf('version: 1\nrules: []\nroles: { none: [] }\ngrants: []\n')
  assert.notDeepEqual(await digests(), [[{ digest: next.digest }, 1]])
  server.setPolicy(next)
  server.judgeRights()
  assert.deepEqual(await digests(), [[{ digest: next.digest }, 1]])
  const loadedAt = valueOf(await now(), 'sallyport_policy_loaded_timestamp_seconds') ?? 0
  assert.ok(Math.abs(loadedAt - Date.now() / 1000) < 60)
  server.setPolicy(policyOf())
  server.judgeRights()
  assert.equal((await digests()).length, 1)
})

test('certificates and revocation lists are shown by when they end', async () => {
  const samples = await now()
  const endOf = (pem: string): number => Math.floor(new X509Certificate(pem).validToDate.getTime() / 1000)
  const { server: own, rootPem, issuingPem } = server.authority
  assert.equal(valueOf(samples, 'sallyport_server_certificate_not_after_seconds'), endOf(own.cert))
  const authority = 'sallyport_authority_not_after_seconds'
  assert.equal(valueOf(samples, authority, { authority: 'root' }), endOf(rootPem))
  assert.equal(valueOf(samples, authority, { authority: 'issuing' }), endOf(issuingPem))
  const nextUpdate = Math.min(...server.trust().issuers.map((issuer) => issuer.nextUpdate))
  assert.equal(
    valueOf(samples, 'sallyport_revocation_list_next_update_seconds'),
    Math.floor(nextUpdate / 1000),
  )
  await server.authority.resign(nextUpdate + 3_600_000)
  await server.reloadTrust()
  assert.equal(
    valueOf(await now(), 'sallyport_revocation_list_next_update_seconds'),
    Math.floor(nextUpdate / 1000) + 3600,
  )
})

test('whatever callers make up, no label says it: neither a principal nor a name nor a method', async () => {
  const known = new Set((await now()).map(({ name, labels }) => JSON.stringify([name, labels])))
  await send('tools/call', { name: 'hidden_tool', arguments: {} })
  for (let made = 0; made < 20; made += 1) {
    await send(`canary/method-${made}`)
    await send('tools/call', { name: `canary_tool_${made}`, arguments: {} })
    await send('resources/read', { uri: `note://canary-${made}` })
    await send('tools/list', {}, { method: `CANARY${made}`, body: '' })
    await ask({
      ...demo,
      path: `/canary-${made}`,
      method: 'GET',
      headers: { host: `canary-${made}.example` },
    })
  }
  const { text, samples } = await metricsAt(server.ports.operations)
  assert.doesNotMatch(text, /canary|hidden_tool|notes_|time_now|service:|user:|demo|alice/i)
  // Those of the process are made when it first collects garbage, whoever calls.
  const added = samples.filter(
    ({ name, labels }) => name.startsWith('sallyport_') && !known.has(JSON.stringify([name, labels])),
  )
  assert.ok(
    added.length < 60,
    `${added.length} series more: ${JSON.stringify(added.map(({ name, labels }) => [name, labels]))}`,
  )
})

test('no door shows metrics, only the operations listener', async () => {
  assert.equal((await ask({ ...demo, path: '/metrics', method: 'GET' })).status, 404)
  const people = { port: server.ports.people ?? 0, ca: server.authority.rootPem }
  assert.doesNotMatch((await ask({ ...people, path: '/metrics', method: 'GET' })).body, /sallyport_/)
})
