import type { LiveSession, SessionRecord } from '../auth/session-record.ts'
import type { SessionStore } from '../login/session-store.ts'
import { pendingOf } from './pending.ts'
import { script, type RedisClient } from './redis-client.ts'
import { sessionKey, userPrefix } from './redis-keys.ts'
import { fieldsOf, numberOf, numberOrNullOf, textOf } from './redis-reply.ts'

/** The user's key is made from the record, in the slot of the record: one round trip, also on Redis Cluster. */
const VALIDATE = script(`
  local now = tonumber(ARGV[1])
  local record = redis.call('HMGET', KEYS[1],
    'user', 'epoch', 'idleTimeout', 'expiresAt', 'idleExpiresAt', 'lastSeenAt')
  if not record[1] then return false end
  local expires, idle = tonumber(record[4]), tonumber(record[5])
  if now >= expires or now >= idle then return false end
  local user = redis.call('HMGET', ARGV[2] .. record[1], 'disabled', 'epoch')
  if user[1] ~= '0' or user[2] ~= record[2] then return false end
  local slid = math.max(idle, math.min(now + tonumber(record[3]), expires))
  local seen = math.max(now, tonumber(record[6]))
  redis.call('HSET', KEYS[1],
    'idleExpiresAt', string.format('%.0f', slid), 'lastSeenAt', string.format('%.0f', seen))
  return redis.call('HGETALL', KEYS[1])`)

/**
 * Checks everything before it changes anything. The session that is replaced may be of the record's epoch, or of the
 * one before it: that is what a password change has just ended.
 */
const OPEN = script(`
  local now, name, epoch, expires = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local user = redis.call('HMGET', KEYS[2], 'disabled', 'epoch')
  if user[1] ~= '0' or tonumber(user[2]) ~= epoch then return 0 end
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  if KEYS[3] then
    local old = redis.call('HMGET', KEYS[3], 'user', 'epoch', 'expiresAt', 'idleExpiresAt')
    if old[1] ~= name then return 0 end
    if tonumber(old[2]) ~= epoch and tonumber(old[2]) ~= epoch - 1 then return 0 end
    if now >= tonumber(old[3]) or now >= tonumber(old[4]) then return 0 end
    redis.call('DEL', KEYS[3])
  end
  redis.call('HSET', KEYS[1], unpack(ARGV, 5))
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', expires - now))
  return 1`)

const END_ALL = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'epoch', 1) end
  return 1`)

/**
 * The session records: one hash each, which Redis removes at its absolute end. That end is told to Redis as a time
 * to live, counted from the caller's clock: whether a session lives is never decided by the clock of Redis.
 */
export function redisSessions(client: RedisClient, slotOf: (user: string) => string): SessionStore {
  return {
    async validate(digest, slot, now) {
      const reply = await client.run(VALIDATE, [sessionKey(slot, digest)], [now, userPrefix(slot)])
      return reply === null ? undefined : client.answer(async () => liveSessionOf(digest, reply))
    },
    async open(record, idleExpiresAt, replaces, now) {
      const { user, epoch, expiresAt } = record
      const idle = Math.min(idleExpiresAt, expiresAt)
      if (now >= idle) return false
      const slot = slotOf(user)
      const old = replaces === undefined ? [] : [sessionKey(slot, replaces)]
      const keys = [sessionKey(slot, record.digest), userPrefix(slot) + user, ...old]
      const values = [now, user, epoch, expiresAt, ...fieldsFrom(record, idle, now)]
      return (await client.run(OPEN, keys, values)) === 1
    },
    end: (digest, slot) => client.answer(async (redis) => (await redis.del(sessionKey(slot, digest))) === 1),
    async endAll(user) {
      await client.run(END_ALL, [userPrefix(slotOf(user)) + user], [])
    },
  }
}

function fieldsFrom(record: SessionRecord, idleExpiresAt: number, now: number): (string | number)[] {
  const { digest: _digest, ...fields } = record
  const stored = Object.entries({ ...fields, idleExpiresAt, lastSeenAt: now })
  return stored.flatMap(([name, value]) => [name, value ?? ''])
}

function liveSessionOf(digest: string, reply: unknown): LiveSession | undefined {
  const fields = fieldsOf(reply)
  const step = textOf(fields, 'pending')
  const pending = pendingOf(step === '' ? null : step)
  if (pending === undefined) return undefined
  const record: SessionRecord = Object.freeze({
    digest,
    user: textOf(fields, 'user'),
    epoch: numberOf(fields, 'epoch'),
    createdAt: numberOf(fields, 'createdAt'),
    authenticatedAt: numberOf(fields, 'authenticatedAt'),
    mfaAt: numberOrNullOf(fields, 'mfaAt'),
    pending,
    idleTimeout: numberOf(fields, 'idleTimeout'),
    expiresAt: numberOf(fields, 'expiresAt'),
    label: textOf(fields, 'label'),
    address: textOf(fields, 'address'),
    userAgent: textOf(fields, 'userAgent'),
    mac: textOf(fields, 'mac'),
  })
  return Object.freeze({
    record,
    idleExpiresAt: numberOf(fields, 'idleExpiresAt'),
    lastSeenAt: numberOf(fields, 'lastSeenAt'),
  })
}
