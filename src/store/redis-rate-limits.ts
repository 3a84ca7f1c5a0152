import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { RateLimits } from '../login/rate-limits.ts'
import { rateLimiterOf } from './rate-limiter.ts'
import type { RedisClient } from './redis-client.ts'

/**
 * In place of the package's own: what takes points back makes no counter, and none below zero, and a counter that was
 * left without an end gets one.
 */
const COUNT = `
  local points = tonumber(ARGV[1])
  if points < 0 then
    local counted = tonumber(redis.call('GET', KEYS[1]) or '0')
    if counted <= 0 then return { 0, 0 } end
    points = math.max(points, -counted)
  else
    redis.call('SET', KEYS[1], 0, 'EX', ARGV[2], 'NX')
  end
  local counted = redis.call('INCRBY', KEYS[1], string.format('%.0f', points))
  local life = redis.call('PTTL', KEYS[1])
  if life < 0 then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
    life = 1000 * ARGV[2]
  end
  return { counted, life }`

/** The counters: a number each, with a time to live by the clock of Redis. Each is alone in its hash slot. */
export function redisRateLimits(client: RedisClient): RateLimits {
  return (limit) => {
    const limiter = new RateLimiterRedis({
      storeClient: client.redis,
      keyPrefix: client.keys.rateLimit(limit.name),
      points: limit.points,
      duration: limit.seconds,
      rejectIfRedisNotReady: true,
      customIncrTtlLuaScript: COUNT,
    })
    return rateLimiterOf(limiter, limit, (work) => client.answer(work))
  }
}
