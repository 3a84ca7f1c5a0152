import type { RateLimits } from '../login/rate-limits.ts'
import { rateLimitsOn, type Counter, type Counters } from './rate-limiter.ts'
import { script, type RedisClient } from './redis-client.ts'

/** A counter that was left without an end gets one. */
const COUNT = script(`
  local points = tonumber(ARGV[1])
  if points < 0 then
    local counted = tonumber(redis.call('GET', KEYS[1]) or '0')
    if counted <= 0 then return false end
    points = math.max(points, -counted)
  end
  local counted = redis.call('INCRBY', KEYS[1], string.format('%.0f', points))
  local life = redis.call('PTTL', KEYS[1])
  if life < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    life = tonumber(ARGV[2])
  end
  return { counted, life }`)

const SET = script(`
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return { tonumber(ARGV[1]), tonumber(ARGV[2]) }`)

const GET = script(`
  local points = redis.call('GET', KEYS[1])
  return points and { tonumber(points), redis.call('PTTL', KEYS[1]) }`)

/** The counters: a number each, with a time to live by the clock of Redis. Each is alone in its hash slot. */
export function redisRateLimits(client: RedisClient): RateLimits {
  const counted = async (reply: Promise<unknown>): Promise<Counter | undefined> => {
    const counter = await reply
    return client.answer(async () => counterIn(counter))
  }
  const counters: Counters = {
    count: (key, points, life) => counted(client.run(COUNT, [key], [points, life])),
    set: (key, points, life) => counted(client.run(SET, [key], [points, life])),
    get: (key) => counted(client.run(GET, [key], [])),
    remove: (key) => client.answer(async (redis) => (await redis.del(key)) === 1),
  }
  return rateLimitsOn(counters, client.keys.rateLimit)
}

function counterIn(reply: unknown): Counter | undefined {
  if (reply === null) return undefined
  const values: readonly unknown[] = Array.isArray(reply) ? reply : []
  const [points, endsIn] = values
  if (!isWhole(points) || !isWhole(endsIn)) throw new TypeError('Redis returned no counter')
  return { points, endsIn }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
