import { randomBytes } from 'node:crypto'
import { Redis, type RedisOptions } from 'ioredis'
import { freePort, rawOptions, startRedis, type RedisServer, type RedisTls } from './redis.ts'

/** A real Redis Cluster: three masters, and so many replicas of each. */
export interface RedisCluster {
  /** `redis+cluster://…` of the first two nodes. */
  readonly url: string
  readonly password: string
  /** The masters as it began, then the replicas. */
  readonly nodes: readonly RedisServer[]
  /** The node that is the master of a key now. */
  masterOf(key: string): Promise<RedisServer>
  stop(): Promise<void>
}

const MASTERS = 3
const SLOTS = 16_384

/** Starts one on free ports of 127.0.0.1 and waits until every node knows all others and all slots are served. */
export async function startRedisCluster(
  replicas = 0,
  settings: readonly string[] = [],
  tls?: RedisTls,
): Promise<RedisCluster> {
  const password = randomBytes(24).toString('hex')
  const size = MASTERS * (1 + replicas)
  const nodes = await Promise.all(
    Array.from({ length: size }, async () => {
      const bus = await freePort()
      const cluster = ['cluster-enabled yes', `cluster-port ${bus}`, 'cluster-node-timeout 1000']
      const copying = [`masterauth ${password}`, 'repl-diskless-sync-delay 0', 'repl-ping-replica-period 1']
      const secured = tls === undefined ? {} : { tls: tls.server }
      const busTls = tls === undefined ? [] : ['tls-cluster yes', 'tls-replication yes']
      const own = [...cluster, ...copying, ...busTls, ...settings]
      const server = await startRedis({ password, settings: own, ...secured })
      return { bus, server, raw: new Redis(server.url, rawOptions(tls)) }
    }),
  )
  const servers = nodes.map(({ server }) => server)
  const stop = async (): Promise<void> => {
    for (const { raw } of nodes) raw.disconnect()
    await Promise.all(servers.map(async (server) => server.stop()))
  }
  try {
    await join(nodes)
  } catch (error) {
    await stop()
    throw error
  }
  for (const { raw } of nodes) raw.disconnect()
  const hosts = servers.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`)
  return {
    url: `redis${tls === undefined ? '' : 's'}+cluster://:${password}@${hosts.join(',')}`,
    password,
    nodes: servers,
    masterOf: async (key) => await masterOf(key, servers, rawOptions(tls)),
    stop,
  }
}

interface Node {
  readonly bus: number
  readonly server: RedisServer
  readonly raw: Redis
}

async function join(nodes: readonly Node[]): Promise<void> {
  const [first] = nodes
  if (first === undefined) return
  for (const [at, { raw }] of nodes.entries()) {
    await raw.cluster('SET-CONFIG-EPOCH', at + 1)
    if (at < MASTERS) await raw.call('CLUSTER', 'ADDSLOTSRANGE', String(edge(at)), String(edge(at + 1) - 1))
    if (at > 0) await raw.call('CLUSTER', 'MEET', '127.0.0.1', String(first.server.port), String(first.bus))
  }
  const masters = nodes.slice(0, MASTERS)
  const ids = await Promise.all(masters.map(async ({ raw }) => raw.cluster('MYID')))
  await until(nodes, async ({ raw }) => (await known(raw)) === nodes.length)
  for (const [at, { raw }] of nodes.slice(MASTERS).entries())
    await raw.cluster('REPLICATE', ids[at % MASTERS] ?? '')
  await until(nodes, async ({ raw }) => (await raw.cluster('INFO')).includes('cluster_state:ok'))
  await until(nodes.slice(MASTERS), async ({ raw }) =>
    (await raw.info('replication')).includes('master_link_status:up'),
  )
}

function edge(at: number): number {
  return Math.floor((at * SLOTS) / MASTERS)
}

async function known(raw: Redis): Promise<number> {
  return Number(/cluster_known_nodes:(\d+)/.exec(await raw.cluster('INFO'))?.[1])
}

/** Nobody says when; the time of the test bounds it. */
async function until(nodes: readonly Node[], isSo: (node: Node) => Promise<boolean>): Promise<void> {
  for (const node of nodes)
    while (!(await isSo(node))) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function masterOf(
  key: string,
  servers: readonly RedisServer[],
  options: Pick<RedisOptions, 'tls'>,
): Promise<RedisServer> {
  for (const server of servers) {
    const raw = new Redis(server.url, { ...options, retryStrategy: null, maxRetriesPerRequest: 0 })
    raw.on('error', () => undefined)
    const type = await raw.call('TYPE', key).catch(String)
    const isMaster = await raw.info('replication').then(
      (text) => text.includes('role:master'),
      () => false,
    )
    raw.disconnect()
    if (isMaster && typeof type === 'string' && !/MOVED|Error/.test(type)) return server
  }
  throw new Error(`nobody is the master of ${key}`)
}
