import { createHash } from 'node:crypto'
import { Redis, type ChainableCommander, type Cluster } from 'ioredis'
import { inTime } from './in-time.ts'
import { newConnection, newListener, type ConnectionOptions } from './redis-connection.ts'
import { redisKeys, type RedisKeys } from './redis-keys.ts'
import { redisLocation, type RedisLocation } from './redis-location.ts'
import { subscribed } from './redis-subscription.ts'
import { unavailable } from './unavailable.ts'

/** How long a first connection may take altogether, in ms: sentinels and the nodes of a cluster are asked in turn. */
const FIRST_CONNECTION = 3_000

/** How long Redis may take: a store that does not answer is an answer. In ms. */
const IN_TIME = 250

/** How long a write waits for a replica, in ms. */
const REPLICATED_WITHIN = 100

/** A Lua script, and the digest by which Redis knows it. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

/** Makes a script of its text. */
export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** A connection to Redis that answers or fails within 250 ms. */
export interface RedisClient {
  /** For libraries that want the connection itself. */
  readonly redis: Redis | Cluster
  /** The names of keys and channels. */
  readonly keys: RedisKeys
  /** Runs `work`; whatever goes wrong, or takes longer than 250 ms, is `STORE_UNAVAILABLE`. */
  answer<T>(work: (redis: Redis | Cluster) => Promise<T>): Promise<T>
  /** Runs a script in one atomic step. The keys must share a hash slot. */
  run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>
  /**
   * As `run`, for what a failover must not lose: resolves once a replica has it, too, where there is one. Rejects if
   * none has it within 100 ms: it is in force then all the same.
   */
  runDurably(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>
  /**
   * Calls back for every message of a channel, and whenever it is subscribed on a new connection (this takes one of
   * its own): messages may have been lost. Returns how to stop; closing the client stops it, too.
   */
  subscribe(channel: string, heard: () => void): () => void
  /** The master that it is connected to now; of a cluster all. */
  masters(): readonly Redis[]
  /** Resolves if every master answers. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** What a client takes beside the location. */
export interface ClientOptions extends ConnectionOptions {
  /** What all keys and channels begin with. */
  readonly prefix?: string
}

/**
 * Connects and waits until Redis is ready. Afterwards it reconnects by itself, to whoever is the master then; until
 * then every call fails at once.
 *
 * @param location as {@link redisLocation} reads it
 * @throws SallyportError `CONFIGURATION_INVALID` for another form, `STORE_UNAVAILABLE` if it is not ready in time;
 *   neither says the password
 */
export async function connectRedis(location: string, options: ClientOptions = {}): Promise<RedisClient> {
  const target = redisLocation(location)
  const redis = newConnection(target, options)
  let latest: unknown
  redis.on('error', (error: unknown) => {
    latest = error
  })
  try {
    await inTime(FIRST_CONNECTION, ready(redis, target))
  } catch (error) {
    redis.disconnect()
    throw unavailable(`cannot use ${target.where}`, innermost(latest ?? error))
  }
  return clientOf(redis, target, options)
}

async function ready(redis: Redis | Cluster, { database }: RedisLocation): Promise<void> {
  if (redis instanceof Redis) {
    await redis.connect()
    // ioredis selects it too, and ignores that it cannot.
    if (database !== 0) await redis.select(database)
  } else {
    // A cluster that does not serve yet is tried again, and what this returns never settles then.
    redis.connect().catch(() => undefined)
    await becomes('ready', redis)
    await Promise.all(mastersOf(redis).map((node) => becomes('ready', node)))
  }
}

async function becomes(status: string, redis: Redis | Cluster): Promise<void> {
  if (redis.status !== status) await new Promise<void>((resolve) => void redis.once(status, resolve))
}

/** A cluster says only that no node is of use; why not is behind it. */
function innermost(error: unknown): unknown {
  return error instanceof Error && 'lastNodeError' in error ? (error.lastNodeError ?? error) : error
}

function clientOf(redis: Redis | Cluster, target: RedisLocation, options: ClientOptions): RedisClient {
  const answer: RedisClient['answer'] = async (work) => {
    try {
      return await inTime(IN_TIME, work(redis))
    } catch (error) {
      throw unavailable(`${target.where} does not answer`, error)
    }
  }
  const run: RedisClient['run'] = (lua, keys, values) => answer(() => evaluate(redis, lua, keys, values))
  const subscriptions = new Set<() => void>()
  return {
    redis,
    keys: redisKeys(options.prefix),
    answer,
    run,
    async runDurably(lua, keys, values) {
      const reply = await run(lua, keys, values)
      await replicated(answer, keys[0] ?? '')
      return reply
    },
    subscribe(channel, heard) {
      const stop = subscribed(() => newListener(target, options, redis), channel, heard)
      subscriptions.add(stop)
      return () => {
        subscriptions.delete(stop)
        stop()
      }
    },
    masters: () => mastersOf(redis),
    ping: () => answer(() => pingAll(redis)),
    async close() {
      for (const stop of subscriptions) stop()
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}

/** INFO and WAIT have no key: EXISTS before them takes them to its node, on the connection of what was written. */
async function replicated(answer: RedisClient['answer'], key: string): Promise<void> {
  const onNode = (last: (commands: ChainableCommander) => ChainableCommander): Promise<unknown> =>
    answer(async (redis) => await lastOf(last(redis.pipeline().exists(key))))
  const replication = await onNode((commands) => commands.info('replication'))
  if (!/^connected_slaves:[1-9]/m.test(String(replication))) return
  const replicas = await onNode((commands) => commands.wait(1, REPLICATED_WITHIN))
  if (Number(replicas) >= 1) return
  await answer(async () => {
    throw new Error(`this is in force, but no replica had it within ${REPLICATED_WITHIN} ms: repeat it`)
  })
}

async function lastOf(commands: ChainableCommander): Promise<unknown> {
  const replies = (await commands.exec()) ?? []
  for (const [error] of replies) if (error !== null) throw error
  return replies.at(-1)?.[1]
}

async function pingAll(redis: Redis | Cluster): Promise<void> {
  const masters = mastersOf(redis)
  if (masters.length === 0) throw new Error('no master is known')
  await Promise.all(masters.map(async (node) => node.ping()))
}

function mastersOf(redis: Redis | Cluster): readonly Redis[] {
  return redis instanceof Redis ? [redis] : redis.nodes('master')
}

async function evaluate(
  redis: Redis | Cluster,
  { lua, sha }: Script,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...values)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return redis.eval(lua, keys.length, ...keys, ...values)
  }
}
