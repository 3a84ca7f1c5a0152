import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { ask, modern } from '../support/clients.ts'
import { startCluster, type Cluster } from '../support/cluster.ts'
import { type Served } from '../support/command.ts'
import { inProcess } from '../support/in-process.ts'
import { openSession } from '../support/session.ts'
import { closedAt, openStreams } from '../support/streams.ts'

const NODES = 3
const PEOPLE = 10
const STREAMS_EACH = 5

/** One of the two sessions of a person, with its streams on all nodes. */
interface Session {
  readonly person: string
  readonly token: string
  readonly digest: string
  readonly streams: readonly IncomingMessage[]
}

const PROVED = { mfaAt: Date.now(), authenticationMethods: ['password', 'totp'] } as const
const personOf = (at: number): string => `person-${at}`

let cwd: string
let cluster: Cluster
let sessions: readonly Session[]
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-ended-'))
  cluster = await startCluster(cwd, NODES)
  await inProcess(['user', 'add', personOf(2)], { cwd, env: cluster.env })
  sessions = await Promise.all(
    Array.from({ length: 2 * PEOPLE }, async (_, at) => opened(personOf(at % PEOPLE), at % 4 === 0)),
  )
})
after(async () => {
  for (const { streams } of sessions ?? []) for (const stream of streams) stream.destroy()
  await cluster?.close()
  await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
})

async function opened(person: string, withFactor = false): Promise<Session> {
  const session = await openSession(cluster, person, withFactor ? PROVED : {})
  const streams = await Promise.all(
    cluster.nodes.map(async (node) => openStreams(targetOf(node, session.token), STREAMS_EACH)),
  )
  return { ...session, person, streams: streams.flat() }
}

function targetOf({ ports }: Served, token: string) {
  return {
    port: ports.people,
    ca: cluster.authority.rootPem,
    headers: { authorization: `Bearer ${token}` },
  }
}

async function statusesOf(token: string): Promise<number[]> {
  const list = modern('tools/list')
  const answers = cluster.nodes.map(async (node) => {
    const target = targetOf(node, token)
    return ask({ ...target, ...list, headers: { ...list.headers, ...target.headers } })
  })
  return (await Promise.all(answers)).map(({ status }) => status)
}

const endedSoFar = new Set<Session>()

/** Ends sessions, and sees theirs streams end on all nodes within a second, and no other. */
async function assertEnds(
  t: TestContext,
  ending: (session: Session) => boolean,
  work: () => Promise<number>,
  least = 1,
): Promise<void> {
  const ended = sessions.filter((session) => ending(session) && !endedSoFar.has(session))
  assert.ok(ended.length >= least)
  for (const session of ended) endedSoFar.add(session)
  const ends = Promise.all(ended.flatMap(({ streams }) => streams).map(closedAt))
  const began = await work()
  const slowest = Math.max(...(await ends)) - began
  const all = sessions.flatMap(({ streams }) => streams).length
  const count = ended.flatMap(({ streams }) => streams).length
  t.diagnostic(
    `${count} of ${all} streams ended on ${NODES} nodes, the slowest after ${slowest.toFixed(0)} ms`,
  )
  assert.ok(slowest < 1_000, `${slowest} ms`)
  for (const { token } of ended) assert.deepEqual(await statusesOf(token), [401, 401, 401])
  for (const session of sessions.filter((one) => !endedSoFar.has(one))) {
    assert.deepEqual(await statusesOf(session.token), [200, 200, 200], session.person)
    assert.equal(session.streams.filter(({ socket }) => socket.destroyed).length, 0, session.person)
  }
}

const isOf =
  (person: number) =>
  (session: Session): boolean =>
    session.person === personOf(person)

/** Runs a command; when what it did was announced, by `performance.now()`. */
async function announcedBy(t: TestContext, ...args: readonly string[]): Promise<number> {
  const listener = new Redis(cluster.redis.url)
  t.after(() => listener.disconnect())
  await listener.subscribe('sallyport:{revocations}:announced')
  const announced = new Promise<number>((resolve) => {
    listener.once('message', () => resolve(performance.now()))
  })
  const { code, stderr } = await inProcess(args, { cwd, env: cluster.env })
  assert.equal(code, 0, stderr)
  return announced
}

/** Raises a user's epoch and tells of it, as everything does that ends all sessions of a user. */
async function endAll(user: string): Promise<number> {
  const epoch = (await cluster.store.sessions.endAll(user)) ?? assert.fail()
  const began = performance.now()
  await cluster.store.revocations.revoke([{ kind: 'user', user, epoch, until: Date.now() + 3_600_000 }])
  return began
}

test('ASVS 7.4.1: a logout ends the streams of that session on every node within a second, and of no other', async (t) => {
  assert.equal(sessions.flatMap(({ streams }) => streams).length, 300)
  const [session, other] = sessions.filter(isOf(0))
  await assertEnds(
    t,
    (one) => one === session,
    async () => {
      const [node] = cluster.nodes
      if (node === undefined || session === undefined) assert.fail()
      const began = performance.now()
      const answer = await ask({ ...targetOf(node, session.token), path: '/auth/logout' })
      assert.equal(answer.status, 204)
      return began
    },
  )
  assert.ok(other !== undefined && !endedSoFar.has(other))
})

test('ASVS 7.4.2: a user who is disabled loses all sessions and streams on every node within a second', async (t) => {
  await assertEnds(t, isOf(1), async () => announcedBy(t, 'user', 'disable', personOf(1)), 2)
})

test('ASVS 7.4.3: a password that was reset ends all sessions and streams on every node within a second', async (t) => {
  await assertEnds(t, isOf(2), async () => announcedBy(t, 'user', 'reset-password', personOf(2)), 2)
})

test('all sessions of a user end at once, and one that is opened afterwards is good', async (t) => {
  await assertEnds(t, isOf(3), async () => endAll(personOf(3)), 2)
  const { token } = await openSession(cluster, personOf(3))
  assert.deepEqual(await statusesOf(token), [200, 200, 200])
})

test('a role that asks for a second factor takes effect within a second of the file being taken', async (t) => {
  const path = join(cwd, 'access.yaml')
  const text = (await readFile(path, 'utf8')).replace(
    /$/,
    `  - { user: ${personOf(4)}, roles: [ admin ] }\n  - { user: ${personOf(5)}, roles: [ reader ] }\n`,
  )
  // Rights are not the same: whatever was proved, what is open ends; who has proved a second factor may come again.
  const ended = sessions.filter((session) => isOf(4)(session) || isOf(5)(session))
  const ends = Promise.all(ended.flatMap(({ streams }) => streams).map(closedAt))
  const written = performance.now() - Date.now()
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
  const slowest = Math.max(...(await ends)) - written
  const taken = await policyLoadedAt()
  t.diagnostic(
    `60 streams ended on ${NODES} nodes, the slowest ${(slowest - taken).toFixed(0)} ms after the policy was loaded`,
  )
  assert.ok(slowest - taken < 1_000)
  for (const session of ended) endedSoFar.add(session)
  const proved = await openSession(cluster, personOf(4), PROVED)
  assert.deepEqual(await statusesOf(proved.token), [200, 200, 200])
  const statuses = await Promise.all(ended.map(async ({ token }) => statusesOf(token)))
  const wanted = ended.map(({ person }, at) => (person === personOf(4) && !isProved(at, ended) ? 401 : 200))
  assert.deepEqual(
    statuses,
    wanted.map((status) => [status, status, status]),
  )
  for (const { streams } of sessions.filter((one) => !endedSoFar.has(one)))
    assert.equal(streams.filter(({ socket }) => socket.destroyed).length, 0)
})

function isProved(at: number, among: readonly Session[]): boolean {
  const session = among[at]
  return session !== undefined && sessions.indexOf(session) % 4 === 0
}

/** When the last of the nodes has loaded the policy, in ms since the epoch. */
async function policyLoadedAt(): Promise<number> {
  const directory = join(cwd, 'data/audit')
  const files = (await readdir(directory)).filter((name) => name.endsWith('.jsonl'))
  const lines = await Promise.all(files.map(async (name) => readFile(join(directory, name), 'utf8')))
  const times = lines
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.includes('"policy.loaded"'))
    .map((line) => Date.parse((JSON.parse(line) as { at: string }).at))
  assert.ok(times.length > 0)
  return Math.max(...times)
}

test('without announcements the end of a session is found within a second, too', async (t) => {
  const raw = new Redis(cluster.redis.url)
  t.after(() => raw.disconnect())
  await raw.call('ACL', 'SETUSER', 'default', '-subscribe', '-psubscribe')
  await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  const session = sessions.find(isOf(6)) ?? assert.fail()
  await assertEnds(
    t,
    (one) => one === session,
    async () => {
      const began = performance.now()
      await cluster.store.revocations.revoke([
        { kind: 'session', digest: session.digest, until: Date.now() + 3_600_000 },
      ])
      return began
    },
  )
  await assertEnds(t, isOf(7), async () => endAll(personOf(7)), 2)
})
