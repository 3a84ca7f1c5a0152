import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { rawOptions, startRedis, type RedisServer, type RedisTls } from './redis.ts'

/** A real Redis with one replica, and three sentinels that put it in the place of the master. */
export interface RedisSentinels {
  /** `redis+sentinel://…` of all three. */
  readonly url: string
  readonly password: string
  readonly master: RedisServer
  readonly replica: RedisServer
  readonly sentinels: readonly RedisServer[]
  /** Resolves once the replica is the master. */
  promoted(): Promise<void>
  /** Resolves once all sentinels say so, which tell each other every two seconds. */
  named(): Promise<void>
  stop(): Promise<void>
}

/** What beside the plain case. */
export interface SentinelOptions {
  /** What the sentinels want to hear. */
  readonly sentinelPassword?: string
  /** More lines for the master and the replica. */
  readonly settings?: readonly string[]
  /** All of them speak TLS, and nothing else. */
  readonly tls?: RedisTls
}

/** After so long without an answer a server counts as gone, in ms. */
const DOWN_AFTER = 1_000

/** Starts them on free ports of 127.0.0.1 and waits until every sentinel knows all. */
export async function startSentinels(options: SentinelOptions = {}): Promise<RedisSentinels> {
  const password = randomBytes(24).toString('hex')
  const { settings = [], tls } = options
  const secured = tls === undefined ? {} : { tls: tls.server }
  const secure = tls === undefined ? [] : ['tls-replication yes']
  const copying = [`masterauth ${password}`, 'repl-diskless-sync-delay 0', 'repl-ping-replica-period 1']
  const own = { password, ...secured, settings: [...copying, ...secure, ...settings] }
  const master = await startRedis(own)
  const replica = await startRedis({
    ...own,
    settings: [...own.settings, `replicaof 127.0.0.1 ${master.port}`],
  })
  const sentinels: RedisServer[] = []
  const stop = async (): Promise<void> => {
    await Promise.all([...sentinels, replica, master].map(async (server) => server.stop()))
  }
  try {
    await until(replica, tls, async (raw) =>
      (await raw.info('replication')).includes('master_link_status:up'),
    )
    for (let at = 0; at < 3; at++) sentinels.push(await startSentinel(master, options))
    for (const sentinel of sentinels) await until(sentinel, tls, knowsAll)
  } catch (error) {
    await stop()
    throw error
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return {
    url: `redis${tls === undefined ? '' : 's'}+sentinel://:${password}@${hosts}/watched`,
    password,
    master,
    replica,
    sentinels,
    promoted: async () => {
      await until(replica, tls, async (raw) => (await raw.info('replication')).includes('role:master'))
    },
    named: async () => {
      const isNamed = async (raw: Redis): Promise<boolean> =>
        JSON.stringify(await raw.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'watched')).includes(
          `"${replica.port}"`,
        )
      for (const sentinel of sentinels) await until(sentinel, tls, isNamed)
    },
    stop,
  }
}

async function startSentinel(
  { port, password }: RedisServer,
  { sentinelPassword: own, tls }: SentinelOptions,
): Promise<RedisServer> {
  const settings = [
    `sentinel monitor watched 127.0.0.1 ${port} 2`,
    `sentinel auth-pass watched ${password}`,
    `sentinel down-after-milliseconds watched ${DOWN_AFTER}`,
    'sentinel failover-timeout watched 3000',
    ...(own === undefined ? ['protected-mode no'] : [`sentinel sentinel-pass ${own}`]),
    ...(tls === undefined ? [] : ['tls-replication yes']),
  ]
  const secured = tls === undefined ? {} : { tls: tls.server }
  return startRedis({ isSentinel: true, settings, password: own ?? '', ...secured })
}

async function knowsAll(raw: Redis): Promise<boolean> {
  const info = String(await raw.call('INFO', 'sentinel'))
  return /status=ok.*slaves=1,sentinels=3/.test(info)
}

/** Nobody says when; the time of the test bounds it. */
async function until(
  { url }: RedisServer,
  tls: RedisTls | undefined,
  isSo: (raw: Redis) => Promise<boolean>,
): Promise<void> {
  const raw = new Redis(url, { ...rawOptions(tls), enableReadyCheck: false })
  raw.on('error', () => undefined)
  try {
    while (!(await isSo(raw))) await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    raw.disconnect()
  }
}
