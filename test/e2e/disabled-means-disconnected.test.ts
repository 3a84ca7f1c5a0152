import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import type { PrincipalKind } from '../../src/auth/principal.ts'
import { testAuthority, type TestAuthority, type TestPair } from '../support/certificates.ts'
import { ask, modern } from '../support/clients.ts'
import { startCluster } from '../support/cluster.ts'
import { ANY_PORTS, sallyport, serving, type Served } from '../support/command.ts'
import { closedAt, openStreams } from '../support/streams.ts'

const STREAMS_EACH = 5

/** Servers in processes of their own, and one command at a time beside them. */
interface Setting {
  readonly authority: TestAuthority
  readonly nodes: readonly Served[]
  /** Starts one more, which is none of `nodes`. */
  start(): Promise<Served>
  /** Runs a command that succeeds. */
  run(...args: readonly string[]): Promise<void>
  /** Takes all that the live list has away. */
  forget(): Promise<void>
  /** Whether somebody has put back what was taken away. */
  isRemembered(): Promise<boolean>
}

/** A folder of its own, which goes when all that works in it has ended. */
async function folder(t: TestContext): Promise<{ cwd: string; ending: (() => Promise<unknown>)[] }> {
  const cwd = await mkdtemp(join(tmpdir(), 'sallyport-disabled-'))
  const ending: (() => Promise<unknown>)[] = []
  t.after(async () => {
    await Promise.all(ending.map(async (end) => end()))
    await rm(cwd, { recursive: true, force: true, maxRetries: 10 })
  })
  return { cwd, ending }
}

async function succeeding(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const { code, stderr } = await sallyport(args, { cwd, env })
  assert.equal(code, 0, stderr)
}

async function onRedis(t: TestContext): Promise<Setting> {
  const { cwd, ending } = await folder(t)
  const cluster = await startCluster(cwd, 3)
  ending.push(async () => cluster.close())
  const raw = new Redis(cluster.redis.url)
  t.after(() => raw.disconnect())
  return {
    authority: cluster.authority,
    nodes: cluster.nodes.slice(0, 3),
    start: async () => cluster.start(),
    run: async (...args) => succeeding(args, cwd, cluster.env),
    async forget() {
      await raw.del(['state', 'by-epoch', 'by-end'].map((key) => `sallyport:{revocations}:${key}`))
    },
    isRemembered: async () => (await raw.zcard('sallyport:{revocations}:by-epoch')) > 0,
  }
}

async function onSqlite(t: TestContext): Promise<Setting> {
  const { cwd, ending } = await folder(t)
  const authority = await testAuthority(cwd)
  await succeeding(['init'], cwd, ANY_PORTS)
  const start = async (): Promise<Served> => {
    const node = await serving('serve', { cwd })
    ending.push(async () => node.stop('SIGKILL'))
    return node
  }
  return {
    authority,
    nodes: [await start()],
    start,
    run: async (...args) => succeeding(args, cwd, {}),
    async forget() {
      const raw = new DatabaseSync(join(cwd, 'data/sallyport.db'), { timeout: 2_000 })
      raw.exec('DELETE FROM revocations; UPDATE revocation_state SET epoch = 0')
      raw.close()
    },
    async isRemembered() {
      using raw = new DatabaseSync(join(cwd, 'data/sallyport.db'), { timeout: 2_000 })
      return raw.prepare('SELECT member FROM revocations').all().length > 0
    },
  }
}

function targetOf({ authority }: Setting, { ports }: Served, pair: TestPair) {
  return { port: ports.certificates, ca: authority.rootPem, ...pair }
}

async function statusesOf(
  setting: Setting,
  pair: TestPair,
  nodes: readonly Served[] = setting.nodes,
): Promise<readonly number[]> {
  const answers = nodes.map(async (node) =>
    ask({ ...targetOf(setting, node, pair), ...modern('tools/list') }),
  )
  return (await Promise.all(answers)).map(({ status }) => status)
}

const all = (status: number, nodes: readonly unknown[]): readonly number[] => nodes.map(() => status)

async function streamsOf(setting: Setting, pair: TestPair): Promise<readonly IncomingMessage[]> {
  const opened = setting.nodes.map(async (node) => openStreams(targetOf(setting, node, pair), STREAMS_EACH))
  return (await Promise.all(opened)).flat()
}

/** Asks until all nodes answer so, which they must within a second and one round. */
async function becomes(setting: Setting, pair: TestPair, status: number): Promise<void> {
  // That somebody is let in again is promised, but for no moment.
  const longest = status === 200 ? 10_000 : 1_000
  const began = performance.now()
  for (;;) {
    const asked = performance.now()
    const statuses = await statusesOf(setting, pair)
    if (statuses.every((one) => one === status)) return
    assert.ok(asked - began < longest, `${statuses.join()} after ${asked - began} ms`)
  }
}

const OTHERS: readonly (readonly [string, PrincipalKind])[] = [
  ['bob', 'user'],
  ['alice', 'service'],
  ['alice', 'agent'],
  ['alice2', 'user'],
]

for (const [engine, open] of [
  ['Redis, three nodes', onRedis],
  ['SQLite, one node', onSqlite],
] as const)
  describe(`a user who is disabled, on ${engine}`, () => {
    test('ASVS 7.4.2: is nobody by any certificate within a second, also for nodes that start later, until enabled', async (t) => {
      const setting = await open(t)
      const { authority, nodes, run } = setting
      await run('user', 'add', 'alice')
      const [first, second] = [
        await authority.client('alice', 'good', 'user'),
        await authority.client('alice', 'good', 'user'),
      ]
      const others = await Promise.all(
        OTHERS.map(async ([name, kind]) => authority.client(name, 'good', kind)),
      )
      const hers = [...(await streamsOf(setting, first)), ...(await streamsOf(setting, second))]
      const theirs = (await Promise.all(others.map(async (pair) => streamsOf(setting, pair)))).flat()
      t.after(() => {
        for (const stream of [...hers, ...theirs]) stream.destroy()
      })

      const ends = Promise.all(hers.map(closedAt))
      await run('user', 'disable', 'alice')
      const done = performance.now()
      const slowest = Math.max(...(await ends)) - done
      t.diagnostic(`${hers.length} streams, the last ended ${slowest.toFixed(0)} ms after the command`)
      assert.ok(slowest < 1_000, `${slowest} ms`)
      for (const pair of [first, second]) assert.deepEqual(await statusesOf(setting, pair), all(401, nodes))
      for (const pair of others) assert.deepEqual(await statusesOf(setting, pair), all(200, nodes))
      assert.equal(theirs.filter(({ socket }) => socket.destroyed).length, 0)

      const later = await setting.start()
      assert.deepEqual(await statusesOf(setting, first, [later]), [401])
      assert.deepEqual(await statusesOf(setting, others[0] ?? assert.fail(), [later]), [200])

      await run('user', 'enable', 'alice')
      await becomes(setting, first, 200)
      await becomes(setting, second, 200)
      assert.equal(theirs.filter(({ socket }) => socket.destroyed).length, 0)
    })

    test('is nobody either for nodes that start when the list has forgotten it, and enabled again is somebody', async (t) => {
      const setting = await open(t)
      const { authority, nodes, run } = setting
      const alice = await authority.client('alice', 'good', 'user')
      await run('user', 'add', 'alice')
      assert.deepEqual(await statusesOf(setting, alice), all(200, nodes))
      // Who knows it would put it back.
      await Promise.all(nodes.map(async (node) => node.stop()))
      await run('user', 'disable', 'alice')
      await setting.forget()
      const started = { ...setting, nodes: await Promise.all([setting.start(), setting.start()]) }
      assert.deepEqual(await statusesOf(started, alice), [401, 401])
      await setting.forget()
      assert.deepEqual(await statusesOf(started, alice), [401, 401])
      // Put back after she was enabled, it would count as what was told last.
      const forgotten = performance.now()
      while (!(await setting.isRemembered())) assert.ok(performance.now() - forgotten < 10_000)
      await run('user', 'enable', 'alice')
      await becomes(started, alice, 200)
    })
  })
