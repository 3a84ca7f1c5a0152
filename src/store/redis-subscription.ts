import type { Redis } from 'ioredis'
import { pause } from './redis-connection.ts'

/** How often it is asked whether the connection is alive, in ms: nobody would miss what is not said. */
const HEARTBEAT = 500

/**
 * Listens to a channel for as long as it takes: when a connection is lost, another one is opened.
 *
 * @param open begins a connection that does not come back by itself
 * @param heard called for every message, and whenever it is subscribed on a new connection: some may have been lost
 * @returns how to stop
 */
export function subscribed(open: () => Redis, channel: string, heard: () => void): () => void {
  let attempts = 0
  let next: NodeJS.Timeout | undefined
  let isOver = false
  let listener = begin()
  function begin(): Redis {
    const redis = open()
    // Whoever subscribes asks by himself, too: who may not subscribe, or cannot, only hears later.
    redis.on('error', () => undefined)
    redis.on('message', heard)
    redis.on('ready', () => {
      attempts = 0
      redis.subscribe(channel).then(heard, () => undefined)
    })
    const heartbeat = setInterval(() => void redis.ping().catch(() => undefined), HEARTBEAT).unref()
    redis.on('end', () => {
      clearInterval(heartbeat)
      if (!isOver) next = setTimeout(() => (listener = begin()), pause(++attempts))
    })
    return redis
  }
  return () => {
    isOver = true
    clearTimeout(next)
    listener.disconnect()
  }
}
