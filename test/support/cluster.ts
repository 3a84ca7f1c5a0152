import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { slotOf } from '../../src/auth/session-token.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { testAuthority, type TestAuthority, type TestPair } from './certificates.ts'
import { ANY_PORTS, serving, type Served } from './command.ts'
import { inProcess } from './in-process.ts'
import { startRedis, type RedisServer } from './redis.ts'

/** Several servers in processes of their own, with one CA, one policy and one Redis. */
export interface Cluster {
  readonly authority: TestAuthority
  readonly redis: RedisServer
  /** A connection of the test's own. */
  readonly store: Store
  readonly nodes: readonly Served[]
  /** What `serve` and other commands are run with. */
  readonly env: Readonly<Record<string, string>>
  /** Made by `init`, so the ledger knows it: `demo` or `admin-cli`. */
  readonly issued: (name: string) => Promise<TestPair>
  /** Starts one more; `storeAt` is another way to the same Redis. */
  start(storeAt?: string): Promise<Served>
  close(): Promise<void>
}

/** Starts a cluster of so many in a directory that is empty. */
export async function startCluster(cwd: string, size: number): Promise<Cluster> {
  const authority = await testAuthority(cwd)
  const redis = await startRedis()
  const env = {
    SALLYPORT_STORE: redis.url,
    SALLYPORT_SESSION_SECRET: 'a-secret-for-tests-only-0123456789abcdef',
  }
  const nodes: Served[] = []
  const start = async (storeAt: string = redis.url): Promise<Served> => {
    const node = await serving('serve', { cwd, env: { ...env, SALLYPORT_STORE: storeAt } })
    nodes.push(node)
    return node
  }
  const end = async (): Promise<void> => {
    await Promise.all(nodes.map(async (node) => node.stop('SIGKILL')))
    await redis.stop()
  }
  try {
    const made = await inProcess(['init'], { cwd, env: { ...ANY_PORTS, ...env } })
    if (made.code !== 0) throw new Error(made.stderr)
    await Promise.all(Array.from({ length: size }, async () => start()))
    const store = await openStore(redis.url, { now: Date.now, slotOf })
    return {
      authority,
      redis,
      store,
      nodes,
      env,
      issued: async (name) => ({
        cert: await readFile(join(cwd, 'certs/clients', name, 'client.pem'), 'utf8'),
        key: await readFile(join(cwd, 'certs/clients', name, 'client.key.pem'), 'utf8'),
      }),
      start,
      async close() {
        await store.close()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}
