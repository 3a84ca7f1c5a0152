import { readFile } from 'node:fs/promises'
import { anchorIn, type Anchor } from '../audit/anchor.ts'
import type { Config } from '../config/config.ts'
import { errnoOf, SallyportError } from '../errors.ts'
import { connectRedis } from '../store/redis-client.ts'
import { redisOptions } from './redis-options.ts'

/** Entries of a stream that are read at once. */
const AT_ONCE = 1000

/**
 * The anchors in a file: lines of an anchor file, or of a syslog server's, among others or not.
 *
 * @throws SallyportError `AUDIT_UNAVAILABLE` if it cannot be read
 */
export async function anchorsInFile(path: string): Promise<readonly Anchor[]> {
  try {
    return anchorsIn((await readFile(path, 'utf8')).split('\n'), (index) => `${path}:${index + 1}`)
  } catch (cause) {
    throw new SallyportError(
      'AUDIT_UNAVAILABLE',
      `the anchors in ${path} cannot be read (${errnoOf(cause)}): check the path and its rights`,
      { cause },
    )
  }
}

/**
 * The anchors in the Redis of the store.
 *
 * @throws SallyportError `CONFIGURATION_INVALID` if the store is none, `STORE_UNAVAILABLE`
 */
export async function anchorsInRedis(config: Config): Promise<readonly Anchor[]> {
  const { store } = config
  if (store.kind !== 'redis')
    throw new SallyportError('CONFIGURATION_INVALID', 'there are no anchors in Redis: the store is none')
  const client = await connectRedis(store.url(), redisOptions(config))
  try {
    const texts: string[] = []
    for (let from = '-'; ;) {
      const entries = await client.answer((redis) =>
        redis.xrange(client.keys.auditAnchors, from, '+', 'COUNT', AT_ONCE),
      )
      texts.push(...entries.map(([, fields]) => fields[1] ?? ''))
      const last = entries.at(-1)
      if (last === undefined || entries.length < AT_ONCE) break
      from = `(${last[0]}`
    }
    return anchorsIn(texts, (index) => `${store.display} ${client.keys.auditAnchors}[${index}]`)
  } finally {
    await client.close()
  }
}

function anchorsIn(lines: readonly string[], placeOf: (index: number) => string): readonly Anchor[] {
  return lines.flatMap((line, index) => anchorIn(line, placeOf(index)) ?? [])
}
