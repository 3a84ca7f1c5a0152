import type { NoteStore } from '../tools/note-store.ts'
import { script, type RedisClient } from './redis-client.ts'
import { numberOf, textOf } from './redis-reply.ts'

/** What a note takes from the quota of its author is given back to who wrote it before. */
const RELEASE = `
  local function release(key, author)
    local bytes = redis.call('HSTRLEN', key, 'text')
    local usage = ARGV[1] .. author
    redis.call('HINCRBY', usage, 'bytes', -bytes)
    if redis.call('HINCRBY', usage, 'notes', -1) == 0 then redis.call('DEL', usage) end
  end
`

const WRITE = script(`${RELEASE}
  local id, text, author, updatedAt = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  local before = redis.call('HGET', KEYS[1], 'author')
  local usage = redis.call('HMGET', ARGV[1] .. author, 'notes', 'bytes')
  local notes, bytes = tonumber(usage[1] or 0) + 1, tonumber(usage[2] or 0) + #text
  if before == author then
    notes, bytes = notes - 1, bytes - redis.call('HSTRLEN', KEYS[1], 'text')
  end
  if notes > tonumber(ARGV[6]) or bytes > tonumber(ARGV[7]) then return 0 end
  if before then release(KEYS[1], before) end
  redis.call('HINCRBY', ARGV[1] .. author, 'notes', 1)
  redis.call('HINCRBY', ARGV[1] .. author, 'bytes', #text)
  redis.call('HSET', KEYS[1], 'text', text, 'author', author, 'updatedAt', updatedAt)
  redis.call('ZADD', KEYS[2], 0, id)
  return 1`)

const DELETE = script(`${RELEASE}
  local author = redis.call('HGET', KEYS[1], 'author')
  if not author then return 0 end
  release(KEYS[1], author)
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[2])
  return 1`)

/** The notes, all in one hash slot: one hash each, their ids in a sorted set, and what each author uses. */
export function redisNotes(client: RedisClient): NoteStore {
  const { noteIds, note, noteUsage } = client.keys
  const usagePrefix = noteUsage('')
  return {
    list: (limit) => client.answer((redis) => redis.zrange(noteIds, '-', '+', 'BYLEX', 'LIMIT', 0, limit)),
    read: (id) =>
      client.answer(async (redis) => {
        const fields = new Map(Object.entries(await redis.hgetall(note(id))))
        if (fields.size === 0) return undefined
        const [text, author] = [textOf(fields, 'text'), textOf(fields, 'author')]
        return Object.freeze({ id, text, author, updatedAt: numberOf(fields, 'updatedAt') })
      }),
    async write({ id, text, author, updatedAt }, quota) {
      const values = [usagePrefix, id, text, author, updatedAt, quota.notes, quota.bytes]
      return (await client.run(WRITE, [note(id), noteIds], values)) === 1
    },
    delete: async (id) => (await client.run(DELETE, [note(id), noteIds], [usagePrefix, id])) === 1,
  }
}
