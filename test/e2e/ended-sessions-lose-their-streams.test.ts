import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sessionKeys } from '../../src/auth/session-keys.ts'
import { sealRecord } from '../../src/auth/session-record.ts'
import { sessionId } from '../../src/login/session-id.ts'
import type { User } from '../../src/login/user.ts'
import { ask, modern } from '../support/clients.ts'
import { startCluster, type Cluster } from '../support/cluster.ts'
import { inProcess } from '../support/in-process.ts'
import { newSession, newUser, type TestSession } from '../support/session-records.ts'
import { closedAt, openStreams } from '../support/streams.ts'

const NODES = 2
const STREAMS_EACH = 5
const WITHIN = 1_000
const LIFE = 3_600_000

let cwd: string
let cluster: Cluster
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-sessions-'))
  cluster = await startCluster(cwd, NODES)
})
after(async () => {
  await cluster?.close()
  await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
})

/** A session that every node believes. */
async function opened(user: User): Promise<TestSession> {
  const now = Date.now()
  const session = newSession(user, now, { idleTimeout: LIFE, expiresAt: now + LIFE })
  const { mac: _mac, ...fields } = session.record
  const { seal } = sessionKeys([cluster.env['SALLYPORT_SESSION_SECRET'] ?? ''])
  const record = sealRecord(fields, seal)
  assert.ok(await cluster.store.sessions.open(record, now + LIFE, undefined, now, 20))
  return { ...session, record }
}

async function newPerson(): Promise<User> {
  const user = newUser()
  await cluster.store.users.create(user)
  return user
}

function targets({ token }: TestSession) {
  const headers = { authorization: `Bearer ${token}` }
  return cluster.nodes.map(({ ports }) => ({ port: ports.people, ca: cluster.authority.rootPem, headers }))
}

async function streamsOf(session: TestSession): Promise<IncomingMessage[]> {
  const all = targets(session).map(async (target) => openStreams(target, STREAMS_EACH))
  return (await Promise.all(all)).flat()
}

async function statuses(session: TestSession): Promise<readonly number[]> {
  const list = modern('tools/list')
  const asked = targets(session).map(async (target) =>
    ask({ ...target, ...list, headers: { ...list.headers, ...target.headers } }),
  )
  return (await Promise.all(asked)).map(({ status }) => status)
}

/** Ends sessions and waits until the last of the streams is gone; how long that took after it was done, in ms. */
async function lastEnd(streams: readonly IncomingMessage[], end: () => Promise<unknown>): Promise<number> {
  const ends = Promise.all(streams.map(closedAt))
  await end()
  const done = performance.now()
  return Math.max(...(await ends)) - done
}

test('a session that its owner ends on one node loses its streams on every node within a second', async () => {
  const user = await newPerson()
  const [mine, lost] = [await opened(user), await opened(user)]
  const [kept, streams] = [await streamsOf(mine), await streamsOf(lost)]
  const [first] = targets(mine)
  assert.ok(first)
  const took = await lastEnd(streams, async () => {
    const path = `/auth/sessions/${sessionId(lost.digest)}`
    assert.equal((await ask({ ...first, path, method: 'DELETE' })).status, 204)
    assert.deepEqual(await statuses(lost), [401, 401])
  })
  assert.ok(took < WITHIN, `${took} ms`)
  assert.deepEqual(await statuses(mine), [200, 200])
  assert.ok(kept.every((stream) => !stream.socket.destroyed))
  for (const stream of kept) stream.destroy()
})

test('all others that end lose their streams on every node within a second', async () => {
  const user = await newPerson()
  const [mine, ...others] = [await opened(user), await opened(user), await opened(user)]
  const streams = (await Promise.all(others.map(streamsOf))).flat()
  const [first] = targets(mine)
  assert.ok(first)
  const took = await lastEnd(streams, async () => {
    const answer = await ask({ ...first, path: '/auth/sessions/end-others', method: 'POST' })
    assert.equal(answer.status, 200)
    for (const session of others) assert.deepEqual(await statuses(session), [401, 401])
  })
  assert.ok(took < WITHIN, `${took} ms`)
})

test('a command ends one session, or all of a user, and the streams of nobody else', async () => {
  const [user, stranger] = [await newPerson(), await newPerson()]
  const [one, two, his] = [await opened(user), await opened(user), await opened(stranger)]
  const [ofOne, ofTwo, kept] = [await streamsOf(one), await streamsOf(two), await streamsOf(his)]
  const command = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await inProcess(['session', 'revoke', ...args], { cwd, env: cluster.env })
    assert.equal(code, 0, stderr)
  }
  const single = await lastEnd(ofOne, () => command(user.name, sessionId(one.digest)))
  assert.ok(single < WITHIN, `${single} ms`)
  assert.deepEqual(
    [await statuses(one), await statuses(two)],
    [
      [401, 401],
      [200, 200],
    ],
  )
  const all = await lastEnd(ofTwo, () => command(user.name))
  assert.ok(all < WITHIN, `${all} ms`)
  assert.deepEqual(await statuses(two), [401, 401])
  assert.deepEqual(await statuses(his), [200, 200])
  assert.ok(kept.every((stream) => !stream.socket.destroyed))
  for (const stream of kept) stream.destroy()
})
