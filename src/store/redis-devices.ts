import type { DeviceLogins, Polled } from '../login/device-store.ts'
import { script, type RedisClient } from './redis-client.ts'

/**
 * The entry, its user code, and two indexes by when entries end: of all, and of those of one network. All of it is in one
 * hash slot and goes by itself.
 */
const OPEN = script(`
  local now, expires, device = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
  for at = 3, 4 do
    redis.call('ZREMRANGEBYSCORE', KEYS[at], '-inf', ARGV[1])
    if redis.call('ZCARD', KEYS[at]) >= tonumber(ARGV[at + 1]) then return 'full' end
  end
  if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 'taken' end
  local life = string.format('%.0f', expires - now)
  redis.call('HSET', KEYS[1], 'code', KEYS[2], 'index', KEYS[4], 'request', ARGV[6], 'answer', '',
    'expiresAt', ARGV[2], 'slowed', 0, 'polledAt', 0)
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('SET', KEYS[2], device, 'PX', life)
  for at = 3, 4 do
    redis.call('ZADD', KEYS[at], ARGV[2], device)
    redis.call('PEXPIRE', KEYS[at], string.format('%.0f', math.max(expires - now, redis.call('PTTL', KEYS[at]))))
  end
  return 'opened'`)

/** What waits under a user code: the digest of its device code, and its key. */
const FIND = `
  local function found()
    local device = redis.call('GET', KEYS[1])
    if not device then return nil end
    local key = ARGV[2] .. device
    local fields = redis.call('HMGET', key, 'answer', 'expiresAt', 'request')
    if fields[1] ~= '' or tonumber(ARGV[1]) >= tonumber(fields[2]) then return nil end
    return device, key, fields[3]
  end
`

const WAITING = script(`${FIND}
  local device, key, request = found()
  if not device then return false end
  return { device, request }`)

const ANSWER = script(`${FIND}
  local device, key = found()
  if not device then return 0 end
  redis.call('HSET', key, 'answer', ARGV[3])
  redis.call('DEL', KEYS[1])
  return 1`)

const POLL = script(`
  local now = tonumber(ARGV[1])
  local interval, step, most, tolerance = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local entry = redis.call('HMGET', KEYS[1],
    'expiresAt', 'answer', 'request', 'code', 'index', 'slowed', 'polledAt')
  if not entry[1] or now >= tonumber(entry[1]) then return { 'unknown' } end
  if entry[2] ~= '' then
    redis.call('DEL', KEYS[1], entry[4])
    redis.call('ZREM', KEYS[2], ARGV[2])
    redis.call('ZREM', entry[5], ARGV[2])
    return { 'answered', entry[3], entry[2] }
  end
  local slowed = tonumber(entry[6])
  local isEarly = now < tonumber(entry[7]) + math.min(interval + slowed * step, most) - tolerance
  if isEarly then slowed = slowed + 1 end
  redis.call('HSET', KEYS[1], 'polledAt', ARGV[1], 'slowed', slowed)
  return { isEarly and 'too_fast' or 'waiting' }`)

/** The logins that devices ask for. */
export function redisDevices(client: RedisClient): DeviceLogins {
  const { deviceLogin, deviceCode, devicesOf, devicesOpen } = client.keys
  return {
    async open({ device, code, network, request, expiresAt }, { overall, perNetwork }, now) {
      const keys = [deviceLogin(device), deviceCode(code), devicesOpen, devicesOf(network)]
      const values = [now, expiresAt, device, overall, perNetwork, request]
      const outcome = await client.run(OPEN, keys, values)
      return outcome === 'opened' || outcome === 'full' ? outcome : 'taken'
    },
    async waiting(code, now) {
      const [device, request] = textsIn(await client.run(WAITING, [deviceCode(code)], [now, deviceLogin('')]))
      return device === undefined || request === undefined ? undefined : { device, request }
    },
    answer: async (code, answer, now) =>
      (await client.run(ANSWER, [deviceCode(code)], [now, deviceLogin(''), answer])) === 1,
    async poll(device, { interval, step, most, tolerance }, now) {
      const values = [now, device, interval, step, most, tolerance]
      return polledIn(await client.run(POLL, [deviceLogin(device), devicesOpen], values))
    },
  }
}

function polledIn(reply: unknown): Polled {
  const [kind, request, answer] = textsIn(reply)
  if (kind === 'answered' && request !== undefined && answer !== undefined) return { kind, request, answer }
  return { kind: kind === 'waiting' || kind === 'too_fast' ? kind : 'unknown' }
}

function textsIn(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
