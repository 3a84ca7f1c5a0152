import type { Histories, HistoryEntry } from '../login/history.ts'
import { isTime } from './is-time.ts'
import { arrayIn } from './json-array.ts'
import { script, type RedisClient } from './redis-client.ts'
import { HISTORY_LENGTH } from './retention.ts'
import { historyEventOf } from './stored-words.ts'

const ADD = script(`
  redis.call('LPUSH', KEYS[1], ARGV[1])
  redis.call('LTRIM', KEYS[1], 0, ${HISTORY_LENGTH - 1})
  return 1`)

/** The histories of accounts: a list of JSON texts each, newest first. */
export function redisHistories(client: RedisClient, slotOf: (user: string) => string): Histories {
  return {
    async add(user, { at, event, address, userAgent }) {
      const text = JSON.stringify([at, event, address, userAgent])
      await client.run(ADD, [client.keys.history(slotOf(user), user)], [text])
    },
    async list(user) {
      const texts = await client.answer((redis) =>
        redis.lrange(client.keys.history(slotOf(user), user), 0, -1),
      )
      return client.answer(async () => texts.flatMap((text) => entryIn(text) ?? []))
    },
  }
}

/** What another version or a hand wrote, and this one does not understand, is left out. */
function entryIn(text: string): HistoryEntry | undefined {
  const [at, word, address, userAgent] = arrayIn(text)
  const event = historyEventOf(String(word))
  if (event === undefined || !isTime(at)) return undefined
  return Object.freeze({ at, event, address: String(address), userAgent: String(userAgent) })
}
