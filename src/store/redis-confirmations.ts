import type { ConfirmationStore, KeptConfirmation } from '../login/confirmation-store.ts'
import { script, type RedisClient } from './redis-client.ts'

/** Keeps a key for at least so many ms more. */
const KEEP = `
  local function keep(key, life)
    redis.call('PEXPIRE', key, string.format('%.0f', math.max(life, redis.call('PTTL', key))))
  end
`

/**
 * The entry, its call, and indexes by when entries end: of all, of one holder, and of those that wait for one role. All
 * of it is in one hash slot and goes by itself. The members of the first index begin with their bytes, so that these can
 * be given back when an entry has gone by itself.
 */
const OPEN = script(`${KEEP}
  local now, expires, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
  local before = redis.call('GET', KEYS[2])
  local ends = before and redis.call('HGET', ARGV[8] .. before, 'expiresAt')
  if ends and now < tonumber(ends) then return 'there' end
  local over = 0
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1])) do
    over = over + tonumber(string.match(member, '^%d+'))
  end
  for at = 3, 4 do redis.call('ZREMRANGEBYSCORE', KEYS[at], '-inf', ARGV[1]) end
  if redis.call('ZCARD', KEYS[3]) == 0 then redis.call('DEL', KEYS[5])
  elseif over > 0 then redis.call('INCRBY', KEYS[5], string.format('%.0f', -over)) end
  local bytes = #ARGV[9] + #ARGV[10]
  if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) or redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[6])
    or tonumber(redis.call('GET', KEYS[5]) or 0) + bytes > tonumber(ARGV[7]) then return 'full' end
  if redis.call('EXISTS', KEYS[1]) > 0 then return 'there' end
  local member = string.format('%.0f', bytes) .. ':' .. id
  local life = expires - now
  redis.call('HSET', KEYS[1], 'call', KEYS[2], 'index', KEYS[4], 'role', KEYS[6] or '', 'member', member,
    'expiresAt', ARGV[2], 'answer', '', 'request', ARGV[9], 'args', ARGV[10])
  redis.call('SET', KEYS[2], id)
  redis.call('ZADD', KEYS[3], ARGV[2], member)
  redis.call('ZADD', KEYS[4], ARGV[2], id)
  redis.call('INCRBY', KEYS[5], string.format('%.0f', bytes))
  if KEYS[6] then
    redis.call('ZADD', KEYS[6], ARGV[2], id)
    local latest = tonumber(redis.call('ZSCORE', KEYS[7], ARGV[4]) or 0)
    redis.call('ZADD', KEYS[7], string.format('%.0f', math.max(latest, expires)), ARGV[4])
  end
  for at = 1, #KEYS do keep(KEYS[at], life) end
  return 'opened'`)

const ANSWER = script(`${KEEP}
  local now, expires = tonumber(ARGV[1]), tonumber(ARGV[2])
  local entry = redis.call('HMGET', KEYS[1], 'answer', 'expiresAt', 'call', 'index', 'role', 'member')
  if entry[1] ~= '' or now >= tonumber(entry[2]) then return 0 end
  redis.call('HSET', KEYS[1], 'answer', ARGV[3], 'expiresAt', ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[2], entry[6])
  redis.call('ZADD', entry[4], ARGV[2], ARGV[4])
  if entry[5] ~= '' then redis.call('ZREM', entry[5], ARGV[4]) end
  for _, key in ipairs({ KEYS[2], KEYS[3], entry[4] }) do keep(key, expires - now) end
  for _, key in ipairs({ KEYS[1], entry[3] }) do redis.call('PEXPIRE', key, string.format('%.0f', expires - now)) end
  return 1`)

const TAKE = script(`
  local entries = {}
  for at = 3, #KEYS do
    local entry = redis.call('HMGET', KEYS[at], 'answer', 'expiresAt', 'call', 'index', 'role', 'member')
    if entry[1] ~= ARGV[2 * at - 3] or tonumber(ARGV[1]) >= tonumber(entry[2]) then return 0 end
    entries[at] = entry
  end
  for at = 3, #KEYS do
    local entry, id = entries[at], ARGV[2 * at - 4]
    redis.call('DEL', KEYS[at], entry[3])
    redis.call('ZREM', entry[4], id)
    if entry[5] ~= '' then redis.call('ZREM', entry[5], id) end
    if redis.call('ZREM', KEYS[1], entry[6]) == 1 then
      redis.call('INCRBY', KEYS[2], '-' .. string.match(entry[6], '^%d+'))
    end
  end
  return 1`)

/** What is kept under an id, if it has not ended. */
const KEPT = `
  local kept = {}
  local function add(id)
    local entry = redis.call('HMGET', ARGV[2] .. id, 'request', 'answer', 'expiresAt')
    if not entry[1] or tonumber(ARGV[1]) >= tonumber(entry[3]) then return end
    for _, text in ipairs({ id, entry[1], entry[2] }) do kept[#kept + 1] = text end
  end
`

const OF_CALLS = script(`${KEPT}
  for _, key in ipairs(KEYS) do
    local id = redis.call('GET', key)
    if id then add(id) end
  end
  return kept`)

const FIND = script(`${KEPT}
  add(ARGV[3])
  return kept`)

const WAITING_FOR = script(`${KEPT}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[3])) do add(id) end
  return kept`)

/** The confirmations that were asked for. */
export function redisConfirmations(client: RedisClient): ConfirmationStore {
  const { keys } = client
  const prefix = keys.confirmation('')
  return {
    async open({ id, call, holder, role, request, args, expiresAt }, quota, now) {
      const own = [keys.confirmation(id), keys.confirmationOf(call), keys.confirmationsOpen]
      const forRole = role === null ? [] : [keys.confirmationsFor(role), keys.confirmationRoles]
      const { overall, perHolder, bytes } = quota
      const outcome = await client.run(
        OPEN,
        [...own, keys.confirmationsOf(holder), keys.confirmationBytes, ...forRole],
        [now, expiresAt, id, role ?? '', overall, perHolder, bytes, prefix, request, args],
      )
      return outcome === 'opened' || outcome === 'full' ? outcome : 'there'
    },
    find: async (id, now) => keptIn(await client.run(FIND, [keys.confirmation(id)], [now, prefix, id]))[0],
    ofCalls: async (calls, now) =>
      keptIn(await client.run(OF_CALLS, calls.map(keys.confirmationOf), [now, prefix])),
    argsOf: (id, now) =>
      client.answer(async (redis) => {
        const [args, end] = await redis.hmget(keys.confirmation(id), 'args', 'expiresAt')
        return now < Number(end) ? (args ?? undefined) : undefined
      }),
    async answer(id, answer, expiresAt, now) {
      const named = [keys.confirmation(id), keys.confirmationsOpen, keys.confirmationBytes]
      return (await client.run(ANSWER, named, [now, expiresAt, answer, id])) === 1
    },
    async take(answered, now) {
      const named = answered.map(({ id }) => keys.confirmation(id))
      const values = answered.flatMap(({ id, answer }) => [id, answer])
      const all = [keys.confirmationsOpen, keys.confirmationBytes, ...named]
      return (await client.run(TAKE, all, [now, ...values])) === 1
    },
    roles: (now) => client.answer((redis) => redis.zrangebyscore(keys.confirmationRoles, `(${now}`, '+inf')),
    waitingFor: async (role, most, now) =>
      keptIn(await client.run(WAITING_FOR, [keys.confirmationsFor(role)], [now, prefix, most])),
  }
}

function keptIn(reply: unknown): readonly KeptConfirmation[] {
  const texts = Array.isArray(reply) ? reply.map(String) : []
  const kept: KeptConfirmation[] = []
  for (let at = 0; at + 2 < texts.length; at += 3) {
    const [id = '', request = '', answer = ''] = texts.slice(at, at + 3)
    kept.push({ id, request, answer })
  }
  return kept
}
