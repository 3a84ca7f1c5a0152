import type { KeptSecret, SecretEntries } from '../login/secret-entries.ts'
import { isTime } from './is-time.ts'
import { script, type RedisClient } from './redis-client.ts'

const PUT = script(`
  if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
  redis.call('SET', KEYS[2], ARGV[3])
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  return 1`)

const FIND = script(`
  local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
  local sealed = at and redis.call('GET', KEYS[2])
  if not sealed then return false end
  return { at, sealed }`)

/** What takes a secret away goes through in a store that is full, and a failover must not lose it. */
const REMOVE = script(`#!lua flags=allow-oom
  redis.call('DEL', KEYS[2])
  return redis.call('ZREM', KEYS[1], ARGV[1])`)

/** An upstream's name has no slash. */
const SEPARATOR = '/'

/**
 * What principals keep for upstreams: a text each, for each principal a sorted set of which there are, by when they were
 * set, and a set of all who ever kept any.
 */
export function redisSecrets(client: RedisClient, slotOf: (user: string) => string): SecretEntries {
  const { secretHolders, secretIndex, secret } = client.keys
  const indexOf = (principal: string): string => secretIndex(slotOf(principal), principal)
  const keysOf = (principal: string, member: string): readonly [string, string] => [
    indexOf(principal),
    secret(slotOf(principal), principal, member),
  ]
  const removeMember = async (principal: string, member: string): Promise<boolean> =>
    Number(await client.runDurably(REMOVE, keysOf(principal, member), [member])) === 1
  const members = (principal: string): Promise<readonly string[]> =>
    client.answer((redis) => redis.zrange(indexOf(principal), '0', '-1'))
  return {
    async find(principal, upstream, name) {
      const member = memberOf(upstream, name)
      const reply = await client.run(FIND, keysOf(principal, member), [member])
      const [at, sealed] = Array.isArray(reply) ? reply.map(String) : []
      const setAt = Number(at)
      return sealed === undefined || !isTime(setAt) ? undefined : { upstream, name, setAt, sealed }
    },
    async list(principal) {
      const found = await client.answer((redis) => redis.zrange(indexOf(principal), '0', '-1', 'WITHSCORES'))
      return keptIn(found).toSorted(byPlace)
    },
    async put(principal, { upstream, name, setAt, sealed }, most) {
      // The principal first: one without an entry is of no harm, an entry without it would not be listed.
      await client.answer((redis) => redis.sadd(secretHolders, principal))
      const member = memberOf(upstream, name)
      const values = [member, setAt, sealed, most]
      return (await client.runDurably(PUT, keysOf(principal, member), values)) === 1
    },
    remove: (principal, upstream, name) => removeMember(principal, memberOf(upstream, name)),
    async removeAll(principal) {
      for (const member of await members(principal)) await removeMember(principal, member)
    },
    async principals() {
      const holders = await client.answer((redis) => redis.smembers(secretHolders))
      const holding: string[] = []
      for (const one of holders.toSorted()) if ((await members(one)).length > 0) holding.push(one)
      return holding
    },
  }
}

function memberOf(upstream: string, name: string): string {
  return `${upstream}${SEPARATOR}${name}`
}

/** What a hand wrote, and has no such form, is left out. */
function keptIn(found: readonly string[]): readonly KeptSecret[] {
  return found.flatMap((member, at) => {
    const slash = member.indexOf(SEPARATOR)
    const setAt = Number(found[at + 1])
    if (at % 2 === 1 || slash < 1 || !isTime(setAt)) return []
    return [{ upstream: member.slice(0, slash), name: member.slice(slash + 1), setAt }]
  })
}

/** As SQLite compares: by bytes, which of ASCII are code units. */
function byPlace(one: KeptSecret, other: KeptSecret): number {
  return compare(one.upstream, other.upstream) || compare(one.name, other.name)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
