import type { Outlet, OutgoingLine } from '../audit/mirror.ts'
import { connectRedis, type ClientOptions, type RedisClient } from '../store/redis-client.ts'
import type { RedisKeys } from '../store/redis-keys.ts'

/** What {@link redisOutlet} takes. */
export interface RedisOutletOptions {
  /** For messages, without a password. */
  readonly display: string
  readonly url: () => string
  readonly client: ClientOptions
  readonly stream: (keys: RedisKeys) => string
  /** Entries that are kept, about. */
  readonly length: number
  /** What an entry holds: the name of its one field, and its text. */
  readonly field: string
  readonly text: (line: OutgoingLine) => string
}

/**
 * Adds lines to a stream of Redis, on a connection of its own, which begins with the first of them. What Redis took
 * without saying so in time is there twice: the chain tells.
 */
export function redisOutlet(options: RedisOutletOptions): Outlet {
  const { display, url, client: clientOptions, stream, length, field, text } = options
  let client: RedisClient | undefined
  return {
    name: `the audit stream in ${display}`,
    async send(lines) {
      client ??= await connectRedis(url(), clientOptions)
      const key = stream(client.keys)
      await client.answer(async (redis) => {
        const pipeline = redis.pipeline()
        for (const line of lines) pipeline.xadd(key, 'MAXLEN', '~', length, '*', field, text(line))
        for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
      })
    },
    close: async () => client?.close(),
  }
}
