import { createHash, hkdfSync } from 'node:crypto'
import { SallyportError } from '../errors.ts'

/** A key that seals for one purpose, and the id by which a sealed text names it. */
export interface FactorKey {
  /** Eight hex digits; they say nothing about the key. */
  readonly id: string
  readonly key: Buffer
}

/** Newest first: the first seals, all of them open. */
export type FactorKeys = readonly [FactorKey, ...FactorKey[]]

/** Fewer characters than this are no secret. */
const LEAST_LENGTH = 32

/** Of each purpose the keys are others, with ids of their own: what was sealed for one does not open for the other. */
type Purpose = 'credentials' | 'upstream secrets'

/**
 * The keys of what users log in by, which are not those of sessions: each can be changed without the other.
 *
 * @param secrets newest first
 * @throws SallyportError `CONFIGURATION_INVALID` if there is none or one is shorter than 32 characters
 */
export function factorKeys(secrets: readonly string[]): FactorKeys {
  return derivedKeys(secrets, 'credentials')
}

/** The keys of what principals keep for upstreams, made of the same secrets. As {@link factorKeys}. */
export function upstreamSecretKeys(secrets: readonly string[]): FactorKeys {
  return derivedKeys(secrets, 'upstream secrets')
}

function derivedKeys(secrets: readonly string[], purpose: Purpose): FactorKeys {
  const [newest, ...older] = secrets
  if (newest === undefined) throw new SallyportError('CONFIGURATION_INVALID', 'there is no factor key')
  if (secrets.some((secret) => secret.length < LEAST_LENGTH))
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `a factor key is shorter than ${LEAST_LENGTH} characters: make one with "openssl rand -base64 48"`,
    )
  return [keyOf(newest, purpose), ...older.map((secret) => keyOf(secret, purpose))]
}

function keyOf(secret: string, purpose: Purpose): FactorKey {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `sallyport ${purpose} v1`, 32))
  const name = Buffer.from(hkdfSync('sha256', secret, '', `sallyport ${purpose} key id v1`, 32))
  return { id: createHash('sha256').update(name).digest('hex').slice(0, 8), key }
}
