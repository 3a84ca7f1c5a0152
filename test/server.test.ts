import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import type { SallyportOptions } from '../src/server-options.ts'
import { defineTool, textResult } from '../src/mcp/tool.ts'
import { ask, modern, type Ask } from './support/clients.ts'
import { startServer, type TestServer } from './support/server.ts'

async function started(t: TestContext, options: Partial<SallyportOptions> = {}): Promise<TestServer> {
  const server = await startServer(options)
  t.after(async () => server.close())
  return server
}

async function asAdmin({ authority, ports }: TestServer): Promise<Pick<Ask, 'port' | 'ca' | 'cert' | 'key'>> {
  return { port: ports.certificates, ca: authority.rootPem, ...(await authority.client('admin-cli')) }
}

test('a call that is running when the server closes gets its answer', async () => {
  const [running, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until it is let go.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run() {
      running.resolve()
      await gate.promise
      return textResult('done all the same')
    },
  })
  const server = await startServer({ catalog: { tools: [hold] } })
  const admin = await asAdmin(server)
  const answer = ask({ ...admin, ...modern('tools/call', { name: 'hold' }) })
  await running.promise
  const closed = server.close()
  gate.resolve()
  assert.match((await answer).body, /done all the same/)
  await closed
  await assert.rejects(ask({ ...admin, ...modern('tools/list') }), { code: 'ECONNREFUSED' })
})

test('a server whose second port is taken listens on none', async (t) => {
  const taken = createTcpServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const [first] = await freePorts(1)
  const listeners = {
    certificates: { host: '127.0.0.1', port: first ?? 0, clientCertificate: 'required' as const },
    people: { host: '127.0.0.1', port },
  }
  await assert.rejects(startServer({ listeners }), (error) => {
    assert.ok(error instanceof AggregateError)
    assert.deepEqual(
      error.errors.map(({ code, port: taken_ }) => [code, taken_]),
      [['EADDRINUSE', port]],
    )
    return true
  })
  const again = createTcpServer()
  again.listen(first, '127.0.0.1')
  await once(again, 'listening')
  again.close()
})

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createTcpServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(async (server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  for (const server of servers) server.close()
  return ports
}

test('it answers to its own names, to configured ones, and to no address of every interface', async (t) => {
  const certificates = { host: '0.0.0.0', port: 0, clientCertificate: 'required' as const }
  const people = { host: '0.0.0.0', port: 0 }
  const hosts = ['Door.Example', '2001:db8::1']
  const server = await started(t, { hosts, listeners: { certificates, people } })
  const admin = await asAdmin(server)
  const statusFor = async (host: string) =>
    (await ask({ ...admin, path: '/healthz', method: 'GET', headers: { host } })).status
  for (const host of [
    'localhost',
    '127.0.0.1',
    '[::1]',
    'door.example',
    'DOOR.EXAMPLE:1',
    '[2001:db8::1]:8443',
  ])
    assert.equal(await statusFor(host), 200, host)
  for (const host of ['example', '0.0.0.0', '[::]', '2001:db8::1'])
    assert.equal(await statusFor(host), 403, host)
})

test('a configured origin may call from another site, and no other', async (t) => {
  const server = await started(t, { origins: ['https://app.example'] })
  const admin = await asAdmin(server)
  const list = modern('tools/list')
  const statusFrom = async (headers: Record<string, string>) =>
    (await ask({ ...admin, ...list, headers: { ...list.headers, ...headers } })).status
  const site = { 'sec-fetch-site': 'cross-site' }
  assert.equal(await statusFrom({ ...site, origin: 'https://app.example' }), 200)
  assert.equal(await statusFrom({ ...site, origin: 'https://other.example' }), 403)
  assert.equal(await statusFrom(site), 403)
})

test('ready is who can judge: the store answers, and every revocation list is fresh', async (t) => {
  const server = await started(t)
  const ready = async () =>
    (
      await ask({
        ...(await asAdmin(server)),
        port: server.ports.people ?? 0,
        path: '/readyz',
        method: 'GET',
      })
    ).status
  assert.equal(await ready(), 200)
  await server.authority.resign(Date.now() - 1_000)
  await server.reloadTrust()
  assert.equal(await ready(), 503)
  await server.authority.resign(Date.now() + 3_600_000)
  await server.reloadTrust()
  assert.equal(await ready(), 200)
  await server.store.close()
  assert.equal(await ready(), 503)
})

test('a session secret that is none stops it before it listens', async () => {
  await assert.rejects(startServer({ sessionSecrets: ['short'] }), { code: 'CONFIGURATION_INVALID' })
})

test('a tool that is there already stops it before it listens', async () => {
  const whoami = defineTool({
    name: 'whoami',
    description: 'Says who the caller is not.',
    inputSchema: z.strictObject({}),
    permission: 'authenticated',
    run: () => textResult('the king of France'),
  })
  await assert.rejects(startServer({ catalog: { tools: [whoami] } }), { code: 'CATALOG_INVALID' })
})
