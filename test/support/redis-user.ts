import { Redis } from 'ioredis'
import type { RedisServer } from './redis.ts'

/** The commands that a server needs, those of its scripts among them. */
export const COMMANDS: readonly string[] = [
  'ping info wait evalsha eval publish subscribe',
  'exists del expire pexpire pttl get set incrby',
  'hget hgetall hmget hset hsetnx hincrby hstrlen',
  'lpush lrange ltrim sadd smembers',
  'zadd zcard zrange zrangebyscore zrem zremrangebyscore zrevrange zscore',
].flatMap((line) => line.split(' '))

/** Beside them on a cluster. */
export const CLUSTER_COMMANDS: readonly string[] = [
  'cluster|slots',
  'cluster|info',
  'client|setname',
  'readonly',
  'readwrite',
  'asking',
]

/** What may be done with which keys and channels, as `ACL SETUSER` and redis.conf take it. */
export function rightsOf(commands: readonly string[], prefix = 'sallyport:'): string {
  const allowed = commands.map((command) => `+${command}`).join(' ')
  return `resetkeys ~${prefix}* resetchannels &${prefix}* nocommands ${allowed}`
}

/** What a server refused for lack of rights so far, as in `command: hset`. */
export async function refusals({ url }: Pick<RedisServer, 'url'>, options = {}): Promise<readonly string[]> {
  const raw = new Redis(url, options)
  const entries = (await raw.call('ACL', 'LOG')) as readonly (readonly unknown[])[]
  raw.disconnect()
  return entries.map(
    (entry) => `${String(entry[entry.indexOf('reason') + 1])}: ${String(entry[entry.indexOf('object') + 1])}`,
  )
}

/** The commands that were carried out so far, sub-commands as in `cluster|slots`. */
export async function usedCommands(
  { url }: Pick<RedisServer, 'url'>,
  options = {},
): Promise<readonly string[]> {
  const raw = new Redis(url, options)
  const stats = await raw.info('commandstats')
  raw.disconnect()
  return [...stats.matchAll(/^cmdstat_([^:]+):calls=[1-9]/gm)].map(([, name = '']) => name)
}
