import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { Redis } from 'ioredis'
import { deviceDigestOf } from '../../src/login/device-code.ts'
import type { LoginDoor } from './login-door.ts'

/** The logins of devices as somebody sees and changes them who has the store, and not the keys. */
export interface DeviceStore {
  answerOf(deviceCode: string): Promise<string>
  write(deviceCode: string, field: 'answer' | 'request', text: string): Promise<void>
  /** All that is kept of all of them, as one text. */
  everything(): Promise<string>
}

export function deviceStore({ redis, location }: LoginDoor): DeviceStore {
  return redis === undefined ? ofSqlite(location.slice('sqlite:'.length)) : ofRedis(location)
}

function digestOf(deviceCode: string): string {
  const digest = deviceDigestOf(deviceCode)
  assert.ok(digest)
  return digest
}

function ofSqlite(path: string): DeviceStore {
  const using = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(path)
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  return {
    answerOf: async (deviceCode) =>
      using((database) => {
        const row = database
          .prepare('SELECT answer FROM device_logins WHERE device = ?')
          .get(digestOf(deviceCode))
        return String(row?.['answer'])
      }),
    write: async (deviceCode, field, text) =>
      using((database) => {
        database
          .prepare(`UPDATE device_logins SET ${field} = ? WHERE device = ?`)
          .run(text, digestOf(deviceCode))
      }),
    everything: async () =>
      using((database) => JSON.stringify(database.prepare('SELECT * FROM device_logins').all())),
  }
}

function ofRedis(url: string): DeviceStore {
  const using = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(url)
    try {
      return await work(redis)
    } finally {
      redis.disconnect()
    }
  }
  const key = (deviceCode: string): string => `sallyport:{devices}:login:${digestOf(deviceCode)}`
  return {
    answerOf: (deviceCode) => using(async (redis) => String(await redis.hget(key(deviceCode), 'answer'))),
    write: (deviceCode, field, text) =>
      using(async (redis) => void (await redis.hset(key(deviceCode), field, text))),
    everything: () =>
      using(async (redis) => {
        const keys = await redis.keys('*')
        const kept = await Promise.all(keys.map(async (one) => [one, await valueOf(redis, one)]))
        return JSON.stringify(kept)
      }),
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key)
  if (type === 'hash') return redis.hgetall(key)
  if (type === 'zset') return redis.zrange(key, '0', '-1')
  return type === 'string' ? redis.get(key) : type
}
