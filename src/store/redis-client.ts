import { createHash } from 'node:crypto'
import { Redis, type RedisOptions } from 'ioredis'
import { SallyportError } from '../errors.ts'
import { redisKeys, type RedisKeys } from './redis-keys.ts'
import { unavailable } from './unavailable.ts'

/** Every wait is bounded and nothing is queued or sent twice: a store that does not answer is an answer. In ms. */
const FAIL_FAST = {
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: 250,
  connectTimeout: 2_000,
  disconnectTimeout: 200,
  retryStrategy: (attempts: number): number => Math.min(attempts * 50, 1_000),
} satisfies RedisOptions

/** For listening: there is nothing to be answered in time. In ms. */
const PATIENT = {
  maxRetriesPerRequest: null,
  // By hand, so that it is known when it is done.
  autoResubscribe: false,
  connectTimeout: FAIL_FAST.connectTimeout,
  disconnectTimeout: FAIL_FAST.disconnectTimeout,
  retryStrategy: FAIL_FAST.retryStrategy,
} satisfies RedisOptions

/** A Lua script, and the digest by which Redis knows it. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

/** Makes a script of its text. */
export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** A connection to Redis that answers or fails within {@link FAIL_FAST}. */
export interface RedisClient {
  /** For connect-redis alone. */
  readonly redis: Redis
  /** The names of keys and channels. */
  readonly keys: RedisKeys
  /** Runs `work`; whatever goes wrong is `STORE_UNAVAILABLE`. */
  answer<T>(work: (redis: Redis) => Promise<T>): Promise<T>
  /** Runs a script in one atomic step. The keys must share a hash slot. */
  run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>
  /**
   * Calls back for every message of a channel, and whenever it is subscribed on a new connection (this takes one of
   * its own): messages may have been lost. Returns how to stop; closing the client stops it, too.
   */
  subscribe(channel: string, heard: () => void): () => void
  close(): Promise<void>
}

/**
 * Connects and waits until Redis is ready. Afterwards it reconnects by itself; until then every call fails at once.
 *
 * @param location `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for TLS
 * @throws SallyportError `CONFIGURATION_INVALID` for another form, `STORE_UNAVAILABLE` if it is not ready in time;
 *   neither says the password
 */
export async function connectRedis(location: string): Promise<RedisClient> {
  const target = targetOf(location)
  const where = `Redis at ${target.host}:${target.port}`
  const redis = new Redis({ ...FAIL_FAST, ...target, lazyConnect: true })
  let latest: unknown
  redis.on('error', (error: unknown) => {
    latest = error
  })
  try {
    await redis.connect()
    // ioredis selects it too, and ignores that it cannot.
    await redis.select(target.db)
  } catch (error) {
    redis.disconnect()
    throw unavailable(`cannot use ${where}`, latest ?? error)
  }
  return clientOf(redis, where, target)
}

function clientOf(redis: Redis, where: string, target: Target): RedisClient {
  const answer = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
    try {
      return await work(redis)
    } catch (error) {
      throw unavailable(`${where} does not answer`, error)
    }
  }
  const subscribers = new Set<Redis>()
  return {
    redis,
    keys: redisKeys(),
    answer,
    run: (lua, keys, values) => answer(() => evaluate(redis, lua, keys, values)),
    subscribe(channel, heard) {
      const subscriber = subscribed(target, channel, heard)
      subscribers.add(subscriber)
      return () => {
        subscribers.delete(subscriber)
        subscriber.disconnect()
      }
    },
    async close() {
      for (const subscriber of subscribers) subscriber.disconnect()
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}

/** A connection that waits for Redis as long as it takes, and subscribes again by itself whenever it is new. */
function subscribed(target: Target, channel: string, heard: () => void): Redis {
  const subscriber = new Redis({ ...PATIENT, ...target })
  // Whoever subscribes asks by himself, too: who may not subscribe, or cannot, only hears later.
  subscriber.on('error', () => undefined)
  subscriber.on('message', heard)
  subscriber.on('ready', () => void subscriber.subscribe(channel).then(heard, () => undefined))
  return subscriber
}

async function evaluate(
  redis: Redis,
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

interface Target {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username?: string
  readonly password?: string
  readonly tls?: Record<string, never>
}

/** Reads the location ourselves: ioredis would take options out of the query, ours among them. */
function targetOf(location: string): Target {
  const url = URL.parse(location)
  const database = /^\/?([0-9]{0,4})$/.exec(url?.pathname ?? 'none')?.[1]
  const [username, password] = [decoded(url?.username), decoded(url?.password)]
  if (url === null || url.hostname === '' || database === undefined || url.search !== '' || url.hash !== '')
    throw malformed()
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port === '' ? 6379 : url.port),
    db: Number(database),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  }
}

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed()
  }
}

function malformed(): SallyportError {
  return new SallyportError(
    'CONFIGURATION_INVALID',
    'the location of Redis must be redis://[user[:password]@]host[:port][/database], or rediss:// for TLS; ' +
      'special characters of user and password are percent-encoded',
  )
}
