import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { z } from 'zod'
import { accountState } from '../../src/auth/account-state.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import type { SallyportOptions } from '../../src/server-options.ts'
import { openStore } from '../../src/store/open.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import type { Store } from '../../src/store/store.ts'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern, type Answer } from '../support/clients.ts'
import { CLIENT_EXTENSIONS, opensslRoot } from '../support/openssl-ca.ts'
import { startRedis } from '../support/redis.ts'
import { revokedOf } from '../support/revocations.ts'
import { startServer, type TestOptions, type TestServer } from '../support/server.ts'
import { newUser } from '../support/session-records.ts'
import { openSession } from '../support/session.ts'
import { closedAt, openStreams, type StreamTarget } from '../support/streams.ts'
import { headerValue } from '../support/tls-proxy.ts'

const ENGINES = ['sqlite', 'redis'] as const

async function started(
  t: TestContext,
  options: Partial<SallyportOptions> & TestOptions = {},
  engine: (typeof ENGINES)[number] = 'sqlite',
): Promise<TestServer> {
  const redis = engine === 'redis' ? await startRedis() : undefined
  const server = await startServer({
    ...options,
    ...(redis === undefined ? {} : { storeLocation: redis.url }),
  })
  t.after(async () => {
    await server.close()
    await redis?.stop()
  })
  return server
}

/** As the commands do it: the account, then the list. */
async function setDisabled({ store }: TestServer, name: string, disabled: boolean): Promise<void> {
  await store.users.create(newUser({ name }))
  const epoch = (await store.users.setDisabled(name, disabled)) ?? assert.fail()
  await store.revocations.revoke([accountState({ name, epoch, disabled }, Date.now())])
}

const whoami = modern('tools/call', { name: 'whoami' })

function asking(server: TestServer, pair: TestPair, message = whoami): Promise<Answer> {
  return ask({ port: server.ports.certificates, ca: server.authority.rootPem, ...pair, ...message })
}

const lastReason = async (server: TestServer, from: number): Promise<string> =>
  (await server.event('request.refused', (one) => server.events.indexOf(one) >= from)).reason

/** Resolves once the node has heard of it: nobody is told when, so it is asked. */
async function answers(status: number, asked: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await asked()
    if (answer.status === status) return answer
  }
}

for (const engine of ENGINES)
  describe(`a certificate of a disabled user, on ${engine}`, () => {
    test('is refused with the reason on record, renews nothing, and is good again once he is enabled', async (t) => {
      const server = await started(t, {}, engine)
      const alice = await server.authority.client('alice', 'good', 'user')
      assert.match((await asking(server, alice)).body, /"user:alice"/)
      await setDisabled(server, 'alice', true)
      await answers(401, async () => asking(server, alice))
      const renewal = {
        path: '/pki/renew',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ csr: 'x' }),
      }
      for (const message of [whoami, renewal, { path: '/healthz', method: 'GET', headers: {}, body: '' }]) {
        const from = server.events.length
        const answer = await asking(server, alice, message)
        assert.deepEqual([answer.status, answer.headers.connection], [401, 'close'])
        assert.equal(await lastReason(server, from), 'principal_disabled')
        assert.doesNotMatch(answer.body, /disabled|alice/)
      }
      await setDisabled(server, 'alice', false)
      await answers(200, async () => asking(server, alice))
    })

    test('and his sessions ending as well, however often, does not let him in', async (t) => {
      const server = await started(t, {}, engine)
      const alice = await server.authority.client('alice', 'good', 'user')
      await setDisabled(server, 'alice', true)
      await answers(401, async () => asking(server, alice))
      const epoch = (await server.store.sessions.endAll('alice')) ?? assert.fail()
      const demo = await server.authority.client('demo')
      const entry = revokedOf(server.authority.issuingPem, demo.cert)
      await server.store.revocations.revoke([
        { kind: 'user', user: 'alice', epoch, until: Date.now() + 3_600_000 },
        entry,
      ])
      await answers(401, async () => asking(server, demo))
      assert.equal((await asking(server, alice)).status, 401)
    })
  })

test('a connection that is idle is closed, and those of others stay', async (t) => {
  const server = await started(t)
  const agents: Agent[] = []
  const idle = async (name: string): Promise<TLSSocket> => {
    const agent = new Agent({ keepAlive: true })
    agents.push(agent)
    const free = once(agent, 'free') as Promise<[TLSSocket]>
    const pair = await server.authority.client(name, 'good', 'user')
    const { ports, authority } = server
    const target = { port: ports.certificates, ca: authority.rootPem, ...pair, agent }
    assert.equal((await ask({ ...target, ...whoami })).status, 200)
    return (await free)[0]
  }
  t.after(() => {
    for (const agent of agents) agent.destroy()
  })
  const [alice, bob] = [await idle('alice'), await idle('bob')]
  const closed = once(alice, 'close')
  await setDisabled(server, 'alice', true)
  await closed
  assert.equal(bob.destroyed, false)
})

test('a tool that runs for him is aborted', async (t) => {
  const running = Promise.withResolvers<AbortSignal>()
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until its caller leaves.',
    inputSchema: z.strictObject({}),
    permission: 'test:hold',
    async run(_args, { signal }) {
      running.resolve(signal)
      await once(signal, 'abort')
      return textResult('left')
    },
  })
  const server = await started(t, { catalog: { tools: [hold] } })
  const alice = await server.authority.client('alice', 'good', 'user')
  const call = assert.rejects(asking(server, alice, modern('tools/call', { name: 'hold' })))
  const signal = await running.promise
  await setDisabled(server, 'alice', true)
  await call
  if (!signal.aborted) await once(signal, 'abort')
})

test('of two trust domains with a user of one name, only the one who is disabled is out', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-namesakes-'))
  t.after(async () => rm(directory, { recursive: true }))
  const corp = opensslRoot(directory, 'corp')
  const issuing = corp.issueCa('issuing')
  const server = await started(t, {
    bundles: [
      {
        name: 'corp',
        roots: corp.pem,
        issuers: issuing.pem,
        revocationLists: issuing.revocationList() + corp.revocationList(),
        trustDomains: ['corp.example'],
        pins: [],
        principal: { from: 'subject', attribute: 'CN', kind: 'user' },
      },
    ],
  })
  const ours = await server.authority.client('alice', 'good', 'user')
  const service = await server.authority.client('alice')
  const { pem, key } = issuing.issue({ subject: '/CN=alice', extensions: CLIENT_EXTENSIONS })
  const theirs = { cert: pem + issuing.pem, key: await readFile(key, 'utf8') }
  assert.match((await asking(server, theirs)).body, /"user:corp.example\/alice"/)
  await setDisabled(server, 'alice', true)
  await answers(401, async () => asking(server, ours))
  assert.equal((await asking(server, theirs)).status, 200)
  assert.equal((await asking(server, service)).status, 200)
  await setDisabled(server, 'corp.example/alice', true)
  await setDisabled(server, 'alice', false)
  await answers(401, async () => asking(server, theirs))
  await answers(200, async () => asking(server, ours))
})

/** The store of a server, which does something before it says what it found of a session. */
async function interrupted(t: TestContext, work: (store: Store) => Promise<void>): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-interrupted-'))
  const store = await openStore(`sqlite:${join(directory, 'store.db')}`, { now: Date.now, slotOf })
  t.after(async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })
  const { sessions } = store
  return {
    ...store,
    sessions: {
      ...sessions,
      async validate(...asked) {
        const found = await sessions.validate(...asked)
        await work(store)
        return found
      },
    },
  }
}

describe('behind a proxy', () => {
  const listeners: SallyportOptions['listeners'] = {
    certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'required' },
    people: { host: '127.0.0.1', port: 0 },
    proxied: { host: '127.0.0.1', port: 0, header: 'client-cert', proxies: ['service:edge'] },
  }
  async function through(server: TestServer, { cert }: TestPair): Promise<StreamTarget> {
    return {
      port: server.ports.proxied ?? 0,
      ca: server.authority.rootPem,
      ...(await server.authority.client('edge')),
      headers: { 'client-cert': headerValue('client-cert', new X509Certificate(cert)) },
    }
  }
  const request = async ({ headers, ...target }: StreamTarget, more = {}): Promise<Answer> =>
    ask({ ...target, ...whoami, headers: { ...whoami.headers, ...headers, ...more } })

  test('he loses his streams and is refused, and nobody else notices', async (t) => {
    const server = await started(t, { listeners })
    const alice = await through(server, await server.authority.client('alice', 'good', 'user'))
    const bob = await through(server, await server.authority.client('bob', 'good', 'user'))
    const streams = await openStreams(alice, 3)
    const [spared] = await openStreams(bob, 1)
    await setDisabled(server, 'alice', true)
    await Promise.all(streams.map(closedAt))
    const from = server.events.length
    assert.equal((await request(alice)).status, 401)
    assert.equal(await lastReason(server, from), 'principal_disabled')
    assert.equal((await request(bob)).status, 200)
    assert.equal(spared?.socket.destroyed, false)
    spared?.destroy()
  })

  test('a certificate that is revoked while the store is asked for the session beside it is refused at once', async (t) => {
    let during: (() => Promise<void>) | undefined
    const store = await interrupted(t, async () => during?.())
    const server = await started(t, { listeners, store })
    const pair = await server.authority.client('alice', 'good', 'user')
    const target = await through(server, pair)
    const { token } = await openSession({ store }, 'alice')
    const authorization = `Bearer ${token}`
    assert.equal((await request(target, { authorization })).status, 200)
    during = async () => {
      during = undefined
      await store.revocations.revoke([revokedOf(server.authority.issuingPem, pair.cert)])
      // On the same connection of the proxy it is refused by then: the node has heard of it.
      await answers(401, async () => request(target))
    }
    const from = server.events.length
    assert.equal((await request(target, { authorization })).status, 401)
    assert.equal(during, undefined)
    const reasons = server.events.slice(from).flatMap((one) => ('reason' in one ? [one.reason] : []))
    assert.deepEqual([...new Set(reasons)], ['certificate_revoked'])
  })
})
