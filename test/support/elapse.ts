import { Redis } from 'ioredis'

/**
 * Lets time pass for the counters in a Redis, which end by its clock: takes it from their time to live. The other
 * engine is told the time by the test.
 *
 * @param ms whole
 */
export async function elapseInRedis(url: string, ms: number): Promise<void> {
  const redis = new Redis(url)
  try {
    await redis.eval(ELAPSE, 0, ms)
  } finally {
    redis.disconnect()
  }
}

const ELAPSE = `
  for _, key in ipairs(redis.call('KEYS', '*throttle:*')) do
    local life = redis.call('PTTL', key) - tonumber(ARGV[1])
    if life > 0 then redis.call('PEXPIRE', key, life) else redis.call('DEL', key) end
  end`
