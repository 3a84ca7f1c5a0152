import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import type { Revoked } from '../../src/auth/revocation.ts'
import { slotOf } from '../../src/auth/session-token.ts'
import { defineTool, textResult } from '../../src/mcp/tool.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { ask, modern } from '../support/clients.ts'
import { openSession } from '../support/session.ts'
import { policyOf, startServer, type TestServer } from '../support/server.ts'
import { closedAt, openStreams } from '../support/streams.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Setting {
  readonly server: TestServer
  readonly store: Store
  /** The sessions that the store was asked for, by digest. */
  readonly asked: string[]
  /** Resolves with the signal of the next call of `hold` that runs. */
  running(): Promise<AbortSignal>
  /** What to let go of before the server is closed. */
  readonly open: { destroy(): void }[]
}

/** A server on a store that notes which sessions it is asked for, with a tool that runs until its caller is gone. */
async function started(t: TestContext): Promise<Setting> {
  const location = `sqlite:${join(await temporaryDirectory(t), 'store.db')}`
  const store = await openStore(location, { now: Date.now, slotOf })
  t.after(async () => store.close())
  const asked: string[] = []
  const sessions: Store['sessions'] = {
    ...store.sessions,
    async validate(digest, ...more) {
      asked.push(digest)
      return store.sessions.validate(digest, ...more)
    },
  }
  const calls: AbortSignal[] = []
  const waiting: ((signal: AbortSignal) => void)[] = []
  const hold = defineTool({
    name: 'hold',
    description: 'Runs until its caller is gone.',
    inputSchema: z.strictObject({}),
    permission: 'notes:read',
    async run(_args, { signal }) {
      const next = waiting.shift()
      if (next === undefined) calls.push(signal)
      else next(signal)
      await once(signal, 'abort')
      return textResult('left')
    },
  })
  const server = await startServer({ store: { ...store, sessions }, catalog: { tools: [hold] } })
  const open: Setting['open'] = []
  t.after(async () => {
    for (const one of open) one.destroy()
    await server.close()
  })
  const running = async (): Promise<AbortSignal> =>
    calls.shift() ?? new Promise<AbortSignal>((resolve) => waiting.push(resolve))
  return { server, store, asked, running, open }
}

interface Caller {
  readonly token: string
  readonly digest: string
  readonly stream: IncomingMessage
  /** Of its call in progress. */
  readonly signal: AbortSignal
}

/** A session with a stream of the 2025 era and a call of the 2026 era that is in progress. */
async function caller(setting: Setting, user: string): Promise<Caller> {
  const { server } = setting
  const session = await openSession(setting, user)
  const target = { port: server.ports.people ?? 0, ca: server.authority.rootPem }
  const headers = { authorization: `Bearer ${session.token}` }
  const [stream = assert.fail()] = await openStreams({ ...target, headers }, 1)
  const call = modern('tools/call', { name: 'hold', arguments: {} })
  const request = httpsRequest({
    ...target,
    host: '127.0.0.1',
    servername: 'localhost',
    path: '/mcp',
    method: 'POST',
    agent: false,
    headers: { ...call.headers, ...headers },
  })
  request.on('error', () => undefined)
  request.end(call.body)
  setting.open.push(request, stream)
  return { ...session, stream, signal: await setting.running() }
}

async function ended({ stream, signal }: Caller): Promise<void> {
  await closedAt(stream)
  if (!signal.aborted) await once(signal, 'abort')
}

const isOpen = ({ stream, signal }: Caller): boolean => !stream.socket.destroyed && !signal.aborted

const until = Date.now() + 3_600_000

test('a session that ended ends its stream and its call at once; for the others the store is not asked', async (t) => {
  const setting = await started(t)
  const [one, same, other] = [
    await caller(setting, 'alice'),
    await caller(setting, 'alice'),
    await caller(setting, 'bob'),
  ]
  setting.asked.length = 0
  await setting.store.revocations.revoke([{ kind: 'session', digest: one.digest, until }])
  await ended(one)
  assert.ok(isOpen(same) && isOpen(other))
  assert.deepEqual(setting.asked, [], 'what is on the list is refused without the store')
})

test('a user whose sessions ended loses all of them at once; for the others the store is not asked', async (t) => {
  const setting = await started(t)
  const [one, same, other] = [
    await caller(setting, 'alice'),
    await caller(setting, 'alice'),
    await caller(setting, 'bob'),
  ]
  setting.asked.length = 0
  const epoch = (await setting.store.sessions.endAll('alice')) ?? assert.fail()
  await setting.store.revocations.revoke([{ kind: 'user', user: 'alice', epoch, until }])
  await Promise.all([ended(one), ended(same)])
  assert.ok(isOpen(other))
  assert.deepEqual(new Set(setting.asked), new Set([one.digest, same.digest]))
})

test('ASVS 7.3.1: who is judged anew and may stay stays, and that is no use of the session', async (t) => {
  const setting = await started(t)
  const one = await caller(setting, 'alice')
  const [listed] = await setting.store.sessions.list('alice', Date.now())
  assert.ok(listed)
  setting.asked.length = 0
  const still: Revoked = { kind: 'user', user: 'alice', epoch: listed.record.epoch, until }
  await setting.store.revocations.revoke([still])
  // Its end comes after that of another, which was told later.
  const other = await caller(setting, 'bob')
  await setting.store.revocations.revoke([{ kind: 'session', digest: other.digest, until }])
  await ended(other)
  assert.equal(setting.asked.filter((digest) => digest === one.digest).length, 2)
  assert.ok(isOpen(one))
  const [after] = await setting.store.sessions.list('alice', Date.now())
  assert.equal(after?.idleExpiresAt, listed.idleExpiresAt)
})

test('a certificate beside the session that ended keeps nothing open', async (t) => {
  const setting = await started(t)
  const { server } = setting
  const { token, digest } = await openSession(setting, 'alice')
  const target = {
    port: server.ports.certificates,
    ca: server.authority.rootPem,
    ...(await server.authority.client('alice', 'good', 'user')),
  }
  const [both] = await openStreams({ ...target, headers: { authorization: `Bearer ${token}` } }, 1)
  const [alone] = await openStreams(target, 1)
  await setting.store.revocations.revoke([{ kind: 'session', digest, until }])
  await closedAt(both ?? assert.fail())
  assert.equal(alone?.socket.destroyed, false)
  alone.destroy()
})

const changed = (grants: string): ReturnType<typeof policyOf> =>
  policyOf(`version: 1
rules: []
roles:
  reader: [ "notes:read", "time:read" ]
  admin: { permissions: [ "*" ], mfa: required }
grants:
${grants}`)

for (const [what, alice] of Object.entries({
  'a role is taken': '',
  'a role is granted': '  - { user: alice, roles: [ admin, reader ] }\n',
}))
  test(`when ${what}, what is open of that principal ends, and of nobody else`, async (t) => {
    const setting = await started(t)
    const { server } = setting
    const bob = '  - { user: bob, roles: [ reader ] }\n'
    server.setPolicy(changed(`  - { user: alice, roles: [ reader ] }\n${bob}`))
    const [one, other] = [await caller(setting, 'alice'), await caller(setting, 'bob')]
    setting.asked.length = 0
    server.setPolicy(changed(`${alice}${bob}`))
    server.judgeRights()
    await ended(one)
    assert.ok(isOpen(other))
    assert.ok(!setting.asked.includes(other.digest))
    const list = modern('tools/list')
    const answer = await ask({
      port: server.ports.people ?? 0,
      ca: server.authority.rootPem,
      ...list,
      headers: { ...list.headers, authorization: `Bearer ${one.token}` },
    })
    assert.equal(answer.status, alice === '' ? 200 : 401)
  })
