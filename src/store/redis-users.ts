import type { User, Users } from '../login/user.ts'
import { NOBODY } from './nobody.ts'
import { script, type RedisClient } from './redis-client.ts'
import { numberOf, textOf } from './redis-reply.ts'

const CREATE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return 1`)

/**
 * For nobody it answers as for somebody, in as many bytes, so that the time of the answer does not tell them apart
 * (ASVS 5.0, 6.3.8).
 */
const FIND = script(`
  local found = redis.call('HMGET', KEYS[1], 'createdAt', 'credentials', 'disabled', 'epoch', 'revision')
  if not found[1] then return { '0', '0', ARGV[1], '0', '0', '0' } end
  return { '1', found[1], found[2] or '', found[3] or '1', found[4] or '', found[5] or '0' }`)

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
    client.run(FIND, [keyOf(name)], [NOBODY]).then((reply) => client.answer(async () => userOf(name, reply)))
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

function userOf(name: string, reply: unknown): User | undefined {
  const [isThere, ...values] = Array.isArray(reply) ? reply.map(String) : []
  const fields = new Map(FIELDS.map((field, at) => [field, values[at] ?? '']))
  const user: User = Object.freeze({
    name,
    credentials: textOf(fields, 'credentials'),
    disabled: textOf(fields, 'disabled') !== '0',
    epoch: numberOf(fields, 'epoch'),
    revision: numberOf(fields, 'revision'),
    createdAt: numberOf(fields, 'createdAt'),
  })
  return isThere === '1' ? user : undefined
}

const FIELDS = ['createdAt', 'credentials', 'disabled', 'epoch', 'revision']
