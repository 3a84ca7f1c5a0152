import * as z from 'zod'
import type { Contradiction } from './contradiction.ts'
import { strict, text } from './shapes.ts'

/** What a store on Redis takes beside its location; paths as written. */
export interface RedisSettings {
  /** What all keys and channels begin with. */
  readonly prefix: string
  readonly tls: {
    /** Whose certificates Redis and its sentinels have; the roots of Node without. */
    readonly ca?: string | undefined
    /** Who we are for Redis. */
    readonly certificate?: string | undefined
    readonly key?: string | undefined
  }
  /** As whom to ask the sentinels, where they want to know. */
  readonly sentinel: {
    readonly user?: string | undefined
    readonly passwordFile?: string | undefined
  }
}

const path = text('a path').optional()

/** Validates the section `redis`. */
export const redisSchema: z.ZodType<RedisSettings> = strict({
  prefix: z
    .string('must be text')
    .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_", ":" and "-"')
    .default('sallyport:')
    .describe('What all keys and channels begin with.'),
  tls: strict({
    ca: path.describe('Whose certificate Redis has (PEM); the CAs that Node knows, without.'),
    certificate: path.describe('Client certificate for Redis (PEM).'),
    key: path.describe('Its private key (PEM, mode 0600).'),
  }).prefault({}),
  sentinel: strict({
    user: text('a name').optional().describe('As whom to ask the sentinels.'),
    passwordFile: path.describe('Their password, on one line (mode 0600).'),
  }).prefault({}),
}).prefault({})

/** What does not go together with the store. */
export function redisFaults(store: string, { tls, sentinel }: RedisSettings): Contradiction[] {
  const hasTls = Object.values(tls).some((value) => value !== undefined)
  const hasSentinel = Object.values(sentinel).some((value) => value !== undefined)
  return [
    ...(hasTls && !store.startsWith('rediss')
      ? [fault('tls', 'is set, and the store is not spoken to over TLS: begin it with "rediss"')]
      : []),
    ...((tls.certificate === undefined) === (tls.key === undefined)
      ? []
      : [fault('tls', 'must have both certificate and key, or neither')]),
    ...(hasSentinel && !/^rediss?\+sentinel:/.test(store)
      ? [fault('sentinel', 'is set, and the store is not found by sentinels: take it out')]
      : []),
  ]
}

function fault(part: string, sentence: string): Contradiction {
  return { path: ['redis', part], sentence }
}
