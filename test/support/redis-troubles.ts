import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startChaos, type Chaos, type Tally } from './chaos.ts'
import { startRedis, type RedisServer } from './redis.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A real Redis that keeps what it is told, behind a wire, and a server on it under load. */
export interface TroubledRedis {
  readonly chaos: Chaos
  readonly redis: () => RedisServer
  readonly troubles: Readonly<Record<TroubleName, Trouble>>
  close(): Promise<void>
}

export type TroubleName = 'killed' | 'frozen' | 'slow' | 'cut off' | 'full' | 'flushed'

/** One thing that can happen to it, and how it comes back. */
export interface Trouble {
  begin(): Promise<void>
  end(): Promise<void>
}

/** Longer than a server waits for an answer, in ms, in each direction. */
const SLOW = 200

/** @param perSecond as {@link startChaos} takes it */
export async function startTroubledRedis(seed: number, perSecond?: number): Promise<TroubledRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-kept-'))
  const settings = ['appendonly yes', 'appendfsync everysec']
  let redis = await startRedis({ directory, settings })
  const { port, password } = redis
  const proxy = await startTcpProxy(port)
  const through = `redis://:${password}@127.0.0.1:${proxy.port}`
  const close = async (): Promise<void> => {
    proxy.close()
    await redis.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    const chaos = await startChaos(seed, through, perSecond)
    return {
      chaos,
      redis: () => redis,
      troubles: {
        killed: {
          begin: async () => await redis.stop(),
          async end() {
            redis = await startRedis({ directory, settings, port, password })
          },
        },
        frozen: {
          begin: async () => redis.pause(),
          end: async () => redis.resume(),
        },
        ...onTheWire(proxy),
        full: {
          begin: async () => await command(redis, 'CONFIG', 'SET', 'maxmemory', '1'),
          end: async () => await command(redis, 'CONFIG', 'SET', 'maxmemory', '0'),
        },
        flushed: {
          begin: async () => await command(redis, 'FLUSHALL'),
          end: async () => undefined,
        },
      },
      async close() {
        try {
          await chaos.close()
        } finally {
          await close()
        }
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function onTheWire(proxy: TcpProxy): Record<'slow' | 'cut off', Trouble> {
  return {
    slow: {
      begin: async () => proxy.slow(SLOW),
      end: async () => proxy.slow(0),
    },
    'cut off': {
      begin: async () => proxy.silence(),
      end: async () => await proxy.mend(),
    },
  }
}

async function command({ url }: RedisServer, name: string, ...args: string[]): Promise<void> {
  const raw = new Redis(url)
  await raw.call(name, ...args)
  raw.disconnect()
}

/** What came of a trouble. */
export interface GoneThrough {
  readonly tally: Tally
  /** How long after its end all sessions were admitted again, in ms. */
  readonly recovered: number
  /** What a certificate was answered shortly before its end. */
  readonly certificate: number
}

/** Lets a trouble last for so many ms, in the middle of the load. */
export async function goThrough(
  { chaos, troubles }: TroubledRedis,
  name: TroubleName,
  lasting: number,
): Promise<GoneThrough> {
  const { begin, end } = troubles[name]
  let [recovered, certificate] = [Infinity, 0]
  const tally = await chaos.during(async () => {
    await wait(500)
    await begin()
    await wait(lasting)
    certificate = await chaos.certificateStatus()
    await end()
    recovered = await chaos.recovery(name === 'flushed')
    await wait(500)
  })
  return { tally, recovered, certificate }
}

/** The load goes on meanwhile. */
async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
