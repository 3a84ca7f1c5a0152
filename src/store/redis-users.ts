import type { User, Users } from '../login/user.ts'
import { script, type RedisClient } from './redis-client.ts'
import { USER_INDEX, userPrefix } from './redis-keys.ts'
import { numberOf, numberOrNullOf, textOf } from './redis-reply.ts'

const CREATE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return 1`)

const SET_PASSWORD = script(`
  if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[3] then return 0 end
  redis.call('HSET', KEYS[1], 'passwordHash', ARGV[1], 'oneTimeUntil', ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'epoch', 1)
  return 1`)

/** The users: one hash each, and a set of all names. */
export function redisUsers(client: RedisClient, slotOf: (user: string) => string): Users {
  const keyOf = (name: string): string => userPrefix(slotOf(name)) + name
  const find = (name: string): Promise<User | undefined> =>
    client.answer(async (redis) => userOf(name, await redis.hgetall(keyOf(name))))
  return {
    find,
    async create(user) {
      // The name first: one without a user is skipped by list(), a user without it would never be listed.
      await client.answer((redis) => redis.sadd(USER_INDEX, user.name))
      return (await client.run(CREATE, [keyOf(user.name)], fieldsFrom(user))) === 1
    },
    async setPassword(name, passwordHash, oneTimeUntil, expectedEpoch) {
      const values = [passwordHash, oneTimeUntil ?? '', expectedEpoch]
      return (await client.run(SET_PASSWORD, [keyOf(name)], values)) === 1
    },
    async list() {
      const names = await client.answer((redis) => redis.smembers(USER_INDEX))
      const users = await Promise.all(names.toSorted().map(find))
      return users.filter((user) => user !== undefined)
    },
  }
}

function fieldsFrom({ passwordHash, oneTimeUntil, disabled, epoch, createdAt }: User): (string | number)[] {
  const stored = {
    passwordHash,
    oneTimeUntil: oneTimeUntil ?? '',
    disabled: disabled ? 1 : 0,
    epoch,
    createdAt,
  }
  return Object.entries(stored).flat()
}

function userOf(name: string, stored: Readonly<Record<string, string>>): User | undefined {
  const fields = new Map(Object.entries(stored))
  if (fields.size === 0) return undefined
  return Object.freeze({
    name,
    passwordHash: textOf(fields, 'passwordHash'),
    oneTimeUntil: numberOrNullOf(fields, 'oneTimeUntil'),
    disabled: textOf(fields, 'disabled') !== '0',
    epoch: numberOf(fields, 'epoch'),
    createdAt: numberOf(fields, 'createdAt'),
  })
}
