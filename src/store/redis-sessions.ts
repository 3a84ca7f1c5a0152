import type { LiveSession } from '../auth/session-record.ts'
import type { EndedSession, SessionStore } from '../login/session-store.ts'
import { script, type RedisClient } from './redis-client.ts'
import { fieldsOf } from './redis-reply.ts'
import { liveSessionIn, SESSION_FIELD_LIST, storedSession } from './redis-session-record.ts'

/**
 * The user's key is made from the record, in the slot of the record: one round trip, also on Redis Cluster. Sliding
 * takes no room worth speaking of, so that it goes through in a store that is full.
 */
const VALIDATE = script(`#!lua flags=allow-oom
  local now = tonumber(ARGV[1])
  local record = redis.call('HMGET', KEYS[1], ${SESSION_FIELD_LIST})
  for at = 1, #record do
    if not record[at] then return false end
  end
  local expires, idle = tonumber(record[4]), tonumber(record[5])
  if now >= expires or now >= idle then return false end
  local user = redis.call('HMGET', ARGV[2] .. record[1], 'disabled', 'epoch')
  if user[1] ~= '0' or user[2] ~= record[2] then return false end
  if ARGV[3] == 'use' then
    record[5] = string.format('%.0f', math.max(idle, math.min(now + tonumber(record[3]), expires)))
    record[6] = string.format('%.0f', math.max(now, tonumber(record[6])))
    redis.call('HSET', KEYS[1], 'idleExpiresAt', record[5], 'lastSeenAt', record[6])
  end
  return record`)

/**
 * Reads and checks everything before it changes anything. The session that is replaced may be of the record's epoch, or
 * of the one before it: that is what a password change has just ended. What is in the index and not live goes; so the
 * index is never longer than twice the most. Beyond the most of its kind the oldest end.
 */
const OPEN = script(`
  local now, name, epoch, expires = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local most, prefix, digest, isPending = tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8] == '1'
  local createdAt, replaced, mayDisplace = ARGV[9], ARGV[10], ARGV[11] == '1'
  local user = redis.call('HMGET', KEYS[2], 'disabled', 'epoch')
  if user[1] ~= '0' or tonumber(user[2]) ~= epoch then return false end
  if redis.call('EXISTS', KEYS[1]) == 1 then return false end
  local function liveFrom(record)
    return now < (tonumber(record[2]) or 0) and now < (tonumber(record[3]) or 0)
  end
  local ended, gone, kept = {}, {}, {}
  if replaced ~= '' then
    local old = redis.call('HMGET', prefix .. replaced, 'epoch', 'idleExpiresAt', 'expiresAt', 'user')
    local oldEpoch = tonumber(old[1])
    if old[4] ~= name or (oldEpoch ~= epoch and oldEpoch ~= epoch - 1) then return false end
    if not liveFrom(old) then return false end
    ended = { replaced, old[3] }
    gone[1] = replaced
  end
  for _, other in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    local record = redis.call('HMGET', prefix .. other, 'epoch', 'idleExpiresAt', 'expiresAt', 'pending')
    if other ~= replaced then
      if tonumber(record[1]) ~= epoch or not liveFrom(record) then
        gone[#gone + 1] = other
      elseif (record[4] ~= '') == isPending then
        kept[#kept + 1] = { other, record[3] }
      end
    end
  end
  if not mayDisplace and #kept >= most then return false end
  for at = 1, #kept - most + 1 do
    ended[#ended + 1], ended[#ended + 2] = kept[at][1], kept[at][2]
    gone[#gone + 1] = kept[at][1]
  end
  redis.call('HSET', KEYS[1], unpack(ARGV, 12))
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', expires - now))
  for _, other in ipairs(gone) do
    redis.call('DEL', prefix .. other)
    redis.call('ZREM', KEYS[3], other)
  end
  redis.call('ZADD', KEYS[3], createdAt, digest)
  local life = math.max(expires - now, redis.call('PTTL', KEYS[3]))
  redis.call('PEXPIRE', KEYS[3], string.format('%.0f', life))
  return ended`)

/** Newest first, each as the list of its fields, with the digest before it. */
const LIST = script(`
  local now, prefix = tonumber(ARGV[1]), ARGV[2]
  local user = redis.call('HMGET', KEYS[1], 'disabled', 'epoch')
  local found = {}
  if user[1] ~= '0' then return found end
  for _, digest in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, -1)) do
    local record = redis.call('HMGET', prefix .. digest, ${SESSION_FIELD_LIST})
    if record[2] == user[2] and now < (tonumber(record[4]) or 0) and now < (tonumber(record[5]) or 0) then
      found[#found + 1] = { digest, record }
    end
  end
  return found`)

/** The index goes with the session. The user is in the record, and its index in the slot of the record. */
const END = script(`
  local user = redis.call('HGET', KEYS[1], 'user')
  if user then redis.call('ZREM', ARGV[1] .. user, ARGV[2]) end
  return redis.call('DEL', KEYS[1])`)

const END_ALL = script(`#!lua flags=allow-oom
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  return redis.call('HINCRBY', KEYS[1], 'epoch', 1)`)

/**
 * The session records: one hash each, which Redis removes at its absolute end. That end is told to Redis as a time
 * to live, counted from the caller's clock: whether a session lives is never decided by the clock of Redis.
 */
export function redisSessions(client: RedisClient, slotOf: (user: string) => string): SessionStore {
  const { session: sessionKey, sessionIndex, userPrefix } = client.keys
  return {
    async validate(digest, slot, now, use = 'use') {
      const reply = await client.run(VALIDATE, [sessionKey(slot, digest)], [now, userPrefix(slot), use])
      return liveSessionIn(digest, reply)
    },
    async open(record, idleExpiresAt, replaces, now, most, mayDisplace = true) {
      const { user, epoch, expiresAt, digest, pending, createdAt } = record
      const idle = Math.min(idleExpiresAt, expiresAt)
      if (now >= idle) return undefined
      const slot = slotOf(user)
      const keys = [sessionKey(slot, digest), userPrefix(slot) + user, sessionIndex(slot) + user]
      const kind = [digest, pending === null ? 0 : 1, createdAt, replaces ?? '', mayDisplace ? 1 : 0]
      const place = [most, sessionKey(slot, ''), ...kind]
      const values = [now, user, epoch, expiresAt, ...place, ...storedSession(record, idle, now)]
      const reply = await client.run(OPEN, keys, values)
      return reply === null ? undefined : endedIn(reply)
    },
    async end(digest, slot) {
      return (await client.run(END, [sessionKey(slot, digest)], [sessionIndex(slot), digest])) === 1
    },
    async endAll(user) {
      const epoch = await client.runDurably(END_ALL, [userPrefix(slotOf(user)) + user], [])
      return epoch === null ? undefined : Number(epoch)
    },
    async list(user, now) {
      const slot = slotOf(user)
      const keys = [userPrefix(slot) + user, sessionIndex(slot) + user]
      return sessionsIn(await client.run(LIST, keys, [now, sessionKey(slot, '')]))
    },
  }
}

function endedIn(reply: unknown): readonly EndedSession[] {
  return [...fieldsOf(reply)].map(([digest, expiresAt]) => ({ digest, expiresAt: Number(expiresAt) }))
}

/** That one cannot be read does not hide the others. */
function sessionsIn(reply: unknown): readonly LiveSession[] {
  if (!Array.isArray(reply)) return []
  const found: readonly unknown[] = reply
  return found.flatMap((entry) => {
    const pair: readonly unknown[] = Array.isArray(entry) ? entry : []
    const [digest, fields] = pair
    return liveSessionIn(String(digest), fields) ?? []
  })
}
