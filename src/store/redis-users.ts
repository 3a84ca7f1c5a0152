import type { User, Users } from '../login/user.ts'
import { script, type RedisClient } from './redis-client.ts'
import { numberOf, textOf } from './redis-reply.ts'

const CREATE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return 1`)

/**
 * A rise of the epoch goes through in a store that is full. A failover must not lose it: a code would be good twice,
 * and an old password again.
 */
const UPDATE = script(`#!lua flags=allow-oom
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  if (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[3] then return 0 end
  redis.call('HSET', KEYS[1], 'credentials', ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'epoch', ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'revision', 1)
  return 1`)

const SET_DISABLED = script(`#!lua flags=allow-oom
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  redis.call('HSET', KEYS[1], 'disabled', ARGV[1])
  if tonumber(redis.call('HGET', KEYS[1], 'epoch')) < tonumber(ARGV[2]) then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
  end
  return redis.call('HINCRBY', KEYS[1], 'epoch', 1)`)

/** How many users are asked for at a time: each answer has to come in time, however many there are. */
const ASKED_AT_ONCE = 200

/** The users: one hash each, and a set of all names. */
export function redisUsers(client: RedisClient, slotOf: (user: string) => string): Users {
  const { userIndex, userPrefix } = client.keys
  const keyOf = (name: string): string => userPrefix(slotOf(name)) + name
  const find = (name: string): Promise<User | undefined> =>
    client.answer(async (redis) => userOf(name, await redis.hgetall(keyOf(name))))
  return {
    find,
    async create(user) {
      // The name first: one without a user is skipped by list(), a user without it would never be listed.
      await client.answer((redis) => redis.sadd(userIndex, user.name))
      return (await client.run(CREATE, [keyOf(user.name)], fieldsFrom(user))) === 1
    },
    async update(name, { credentials, endSessions }, expected) {
      const values = [credentials, endSessions ? 1 : 0, expected]
      return (await client.runDurably(UPDATE, [keyOf(name)], values)) === 1
    },
    async setDisabled(name, disabled, above = 0) {
      const epoch = await client.runDurably(SET_DISABLED, [keyOf(name)], [disabled ? 1 : 0, above])
      return epoch === null ? undefined : Number(epoch)
    },
    async list() {
      const names = await client.answer((redis) => redis.smembers(userIndex))
      const sorted = names.toSorted()
      const users: User[] = []
      for (let from = 0; from < sorted.length; from += ASKED_AT_ONCE) {
        const some = await Promise.all(sorted.slice(from, from + ASKED_AT_ONCE).map(find))
        users.push(...some.filter((user) => user !== undefined))
      }
      return users
    },
  }
}

function fieldsFrom({ credentials, disabled, epoch, revision, createdAt }: User): (string | number)[] {
  return Object.entries({ credentials, disabled: disabled ? 1 : 0, epoch, revision, createdAt }).flat()
}

function userOf(name: string, stored: Readonly<Record<string, string>>): User | undefined {
  const fields = new Map(Object.entries(stored))
  if (fields.size === 0) return undefined
  return Object.freeze({
    name,
    credentials: fields.get('credentials') ?? '',
    disabled: textOf(fields, 'disabled') !== '0',
    epoch: numberOf(fields, 'epoch'),
    revision: fields.has('revision') ? numberOf(fields, 'revision') : 0,
    createdAt: numberOf(fields, 'createdAt'),
  })
}
