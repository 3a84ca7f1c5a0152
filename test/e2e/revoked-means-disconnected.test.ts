import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import type { TestPair } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { startCluster, type Cluster } from '../support/cluster.ts'
import { sallyport, type Served } from '../support/command.ts'
import { startRedis } from '../support/redis.ts'
import { revokedOf } from '../support/revocations.ts'
import { closedAt, openStreams } from '../support/streams.ts'

const NODES = 3
const PRINCIPALS = 10
const STREAMS_EACH = 10

let cwd: string
let cluster: Cluster
/** One certificate of each principal. */
let pairs: readonly TestPair[]
/** The streams of each, on all nodes. */
let streams: IncomingMessage[][]
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-cluster-'))
  cluster = await startCluster(cwd, NODES)
  const names = Array.from({ length: PRINCIPALS - 1 }, (_, at) => `caller-${at + 1}`)
  const others = names.map(async (name) => cluster.authority.client(name))
  pairs = [await cluster.issued('demo'), ...(await Promise.all(others))]
  streams = await Promise.all(
    pairs.map(async (pair) => {
      const opened = cluster.nodes.map(async (node) => openStreams(targetOf(node, pair), STREAMS_EACH))
      return (await Promise.all(opened)).flat()
    }),
  )
})
after(async () => {
  for (const stream of streams?.flat() ?? []) stream.destroy()
  await cluster?.close()
  await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
})

function targetOf({ ports }: Served, pair: TestPair) {
  return { port: ports.certificates, ca: cluster.authority.rootPem, ...pair }
}

async function statusesOf(pair: TestPair, nodes: readonly Served[] = cluster.nodes): Promise<number[]> {
  const answers = nodes.map(async (node) => ask({ ...targetOf(node, pair), ...modern('tools/list') }))
  return (await Promise.all(answers)).map(({ status }) => status)
}

function pairOf(principal: number): TestPair {
  return pairs[principal] ?? assert.fail()
}

/** When the last of a principal's streams ends, by `performance.now()`. */
async function lastEnd(principal: number): Promise<number> {
  return Math.max(...(await Promise.all((streams[principal] ?? []).map(closedAt))))
}

/** How many streams of everybody but these have ended. */
function streamsCut(...revoked: readonly number[]): number {
  const others = streams.filter((_, principal) => !revoked.includes(principal)).flat()
  return others.filter(({ socket }) => socket.destroyed).length
}

/** Everybody but these is served everywhere, and has all streams. */
async function assertOthersUntouched(...revoked: readonly number[]): Promise<void> {
  const others = [...pairs.keys()].filter((principal) => !revoked.includes(principal))
  for (const principal of others) assert.deepEqual(await statusesOf(pairOf(principal)), [200, 200, 200])
  assert.equal(streamsCut(...revoked), 0)
}

function tell(t: TestContext, how: string, slowest: number): void {
  const all = streams.flat().length
  t.diagnostic(
    `${how}: ${NODES * STREAMS_EACH} of ${all} streams ended on ${NODES} nodes, the slowest after ${slowest.toFixed(0)} ms`,
  )
}

test('what is revoked is cut off on every node within a second, and nobody else is', async (t) => {
  assert.equal(streams.flat().length, NODES * PRINCIPALS * STREAMS_EACH)
  const ends = lastEnd(0)
  const listener = new Redis(cluster.redis.url)
  t.after(() => listener.disconnect())
  const announced = once(listener, 'message').then(() => performance.now())
  await listener.subscribe('sallyport:{revocations}:announced')
  const command = sallyport(['cert', 'revoke', 'demo', '--reason', 'keyCompromise'], {
    cwd,
    env: cluster.env,
  })
  const slowest = Math.max(0, (await ends) - (await announced))
  tell(t, 'announced', slowest)
  const { code, stderr } = await command
  assert.equal(code, 0, stderr)
  assert.ok(slowest < 1_000, `${slowest} ms`)
  assert.deepEqual(await statusesOf(pairOf(0)), [401, 401, 401])
  await assertOthersUntouched(0)
})

test('without announcements it takes no more than two seconds', async (t) => {
  const raw = new Redis(cluster.redis.url)
  t.after(() => raw.disconnect())
  await raw.call('ACL', 'SETUSER', 'default', '-subscribe', '-psubscribe')
  await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  const ends = lastEnd(1)
  const began = performance.now()
  await cluster.store.revocations.revoke([revokedOf(cluster.authority.issuingPem, pairOf(1).cert)])
  const slowest = (await ends) - began
  tell(t, 'found by the epoch', slowest)
  assert.equal(
    await raw.call('PUBSUB', 'NUMSUB', 'sallyport:{revocations}:announced').then(String),
    'sallyport:{revocations}:announced,0',
  )
  assert.ok(slowest < 2_000, `${slowest} ms`)
  assert.deepEqual(await statusesOf(pairOf(1)), [401, 401, 401])
  await assertOthersUntouched(0, 1)
})

test('a Redis that forgets everything is told again, for the nodes that start afterwards', async (t) => {
  await cluster.redis.stop()
  // Certificates are judged by what was read, for up to 30 s.
  assert.deepEqual(await statusesOf(pairOf(2)), [200, 200, 200])
  const back = await startRedis(cluster.redis)
  t.after(async () => back.stop())
  const raw = new Redis(back.url)
  t.after(() => raw.disconnect())
  // Nobody says when; the time of the test bounds it.
  while ((await raw.zcard('sallyport:{revocations}:by-epoch')) < 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
  const started = await cluster.start()
  for (const principal of [0, 1]) assert.deepEqual(await statusesOf(pairOf(principal)), [401, 401, 401, 401])
  assert.deepEqual(await statusesOf(pairOf(2), [started]), [200])
  assert.equal(streamsCut(0, 1), 0)
})
