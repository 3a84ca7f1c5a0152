import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { credentialVault } from '../../src/login/credential-vault.ts'
import { passwordOnly } from '../../src/login/credentials.ts'
import { factorKeys } from '../../src/login/factor-keys.ts'
import type { LoginOptions } from '../../src/login/options.ts'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern, type Answer, type Ask } from '../support/clients.ts'
import { CHEAP, PASSWORD } from '../support/login-door.ts'
import { startServer, TEST_FACTOR_KEY, type TestServer } from '../support/server.ts'

/** One door for both kinds of callers, where sessions are bound, with a user who knows his password. */
async function started(t: TestContext, binding: LoginOptions['binding']): Promise<TestServer> {
  const server = await startServer({
    listeners: { certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'optional' } },
    sessions: { idleTimeout: 60_000, absoluteTimeout: 600_000, most: 20, binding, deviceLogin: true },
  })
  t.after(async () => server.close())
  const credentials = passwordOnly(await CHEAP.hash(PASSWORD), null)
  await server.store.users.create({
    name: 'alice',
    credentials: credentialVault(factorKeys([TEST_FACTOR_KEY])).seal('alice', credentials),
    disabled: false,
    epoch: 0,
    revision: 0,
    createdAt: Date.now(),
  })
  return server
}

type From = Partial<TestPair> & Pick<Ask, 'localAddress'>

const target = ({ ports, authority }: TestServer): Pick<Ask, 'port' | 'ca'> => ({
  port: ports.certificates,
  ca: authority.rootPem,
})

async function logIn(server: TestServer, from: From, token = true): Promise<Answer> {
  return ask({
    ...target(server),
    ...from,
    path: '/auth/login',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ username: 'alice', password: PASSWORD, ...(token ? { token } : {}) }),
  })
}

async function tokenOf(server: TestServer, from: From): Promise<Record<string, string>> {
  const answer = await logIn(server, from)
  assert.equal(answer.status, 200, answer.body)
  const { token } = answer.json() as { token: string }
  return { authorization: `Bearer ${token}` }
}

async function cookieOf(server: TestServer, from: From): Promise<Record<string, string>> {
  const answer = await logIn(server, from, false)
  assert.equal(answer.status, 200, answer.body)
  const cookie = (answer.headers['set-cookie'] ?? []).find((line) => line.startsWith('__Host-sallyport='))
  return { cookie: cookie?.split(';', 1).join() ?? assert.fail(), 'sec-fetch-site': 'same-origin' }
}

const list = modern('tools/list')

/** The MCP route and a page of the login, asked with a credential from somewhere. */
async function statusesOf(
  server: TestServer,
  headers: Record<string, string>,
  from: From,
): Promise<number[]> {
  const answers = await Promise.all([
    ask({ ...target(server), ...from, ...list, headers: { ...list.headers, ...headers } }),
    ask({ ...target(server), ...from, path: '/auth/session', method: 'GET', headers }),
  ])
  return answers.map(({ status }) => status)
}

async function isOnRecord(server: TestServer, count: number): Promise<void> {
  await server.event(
    'request.refused',
    () =>
      server.events.filter(
        (event) => event.event === 'request.refused' && event.reason === 'session_bound_elsewhere',
      ).length >= count,
  )
}

test('a cookie or token that was stolen is useless without the key of the certificate at the login', async (t) => {
  const server = await started(t, 'certificate')
  const own = await server.authority.client('alice', 'good', 'user')
  const otherKey = await server.authority.client('alice', 'good', 'user')
  for (const credential of [await cookieOf(server, own), await tokenOf(server, own)]) {
    assert.deepEqual(await statusesOf(server, credential, own), [200, 200])
    assert.deepEqual(await statusesOf(server, credential, {}), [401, 401])
    assert.deepEqual(await statusesOf(server, credential, otherKey), [401, 401])
    assert.deepEqual(await statusesOf(server, credential, own), [200, 200])
  }
  await isOnRecord(server, 8)
})

test('where sessions are bound to a key, a login without a certificate opens none', async (t) => {
  const server = await started(t, 'certificate')
  const answer = await logIn(server, {})
  assert.equal(answer.status, 401)
  await isOnRecord(server, 1)
  assert.deepEqual(await server.store.sessions.list('alice', Date.now()), [])
})

test('a session that is bound to an address is good in its network alone', async (t) => {
  const server = await started(t, 'address')
  for (const credential of [
    await cookieOf(server, { localAddress: '127.0.7.1' }),
    await tokenOf(server, { localAddress: '127.0.7.1' }),
  ]) {
    assert.deepEqual(await statusesOf(server, credential, { localAddress: '127.0.7.1' }), [200, 200])
    assert.deepEqual(await statusesOf(server, credential, { localAddress: '127.0.7.254' }), [200, 200])
    assert.deepEqual(await statusesOf(server, credential, { localAddress: '127.0.8.1' }), [401, 401])
  }
  await isOnRecord(server, 4)
})

test('a session of before sessions were bound is good no longer', async (t) => {
  const server = await started(t, 'none')
  const headers = await tokenOf(server, {})
  assert.deepEqual(await statusesOf(server, headers, {}), [200, 200])
  const [live] = await server.store.sessions.list('alice', Date.now())
  assert.equal(live?.record.binding, null)
  const stricter = await startServer({
    listeners: { certificates: { host: '127.0.0.1', port: 0, clientCertificate: 'optional' } },
    sessions: {
      idleTimeout: 60_000,
      absoluteTimeout: 600_000,
      most: 20,
      binding: 'address',
      deviceLogin: true,
    },
    store: server.store,
  })
  t.after(async () => stricter.close())
  assert.deepEqual(await statusesOf(stricter, headers, {}), [401, 401])
})
