import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { SealingKeys } from './mac.ts'

/** The keys that one list of session secrets gives, newest first; one per purpose, so that none can stand in for another. */
export interface SessionKeys {
  /** Sign the session cookie (express-session and our own check of it). */
  readonly cookie: readonly [string, ...string[]]
  /** Seal session records. */
  readonly seal: SealingKeys
  /** Sign the anti-forgery tokens of forms. */
  readonly csrf: SealingKeys
  /** Sign the challenges of passkeys. */
  readonly challenge: SealingKeys
  /** Sign the cookie by which a browser is known in which somebody logged in before. */
  readonly knownDevice: SealingKeys
  /** Name the counters of tries; the newest alone. */
  readonly throttle: SealingKeys
  /** Seal what the store keeps of the logins that devices ask for. */
  readonly device: SealingKeys
  /** Name the calls that wait for a confirmation, and whose they are. */
  readonly confirmation: SealingKeys
  /** Seal what the store keeps of them. */
  readonly confirmationSeal: SealingKeys
  /** Seal what travels through clients between two rounds of a call. */
  readonly requestState: SealingKeys
}

/** Fewer characters than this are no secret. */
const LEAST_SECRET_LENGTH = 32

/**
 * Derives the keys of each purpose from the session secrets (HKDF-SHA256, RFC 5869).
 *
 * @param secrets newest first; the first signs, all verify
 * @throws SallyportError `CONFIGURATION_INVALID` if there is none or one is shorter than 32 characters
 */
export function sessionKeys(secrets: readonly string[]): SessionKeys {
  const [newest, ...older] = secrets
  if (newest === undefined) throw new SallyportError('CONFIGURATION_INVALID', 'there is no session secret')
  if (secrets.some((secret) => secret.length < LEAST_SECRET_LENGTH))
    throw new SallyportError(
      'CONFIGURATION_INVALID',
      `a session secret is shorter than ${LEAST_SECRET_LENGTH} characters: make one with "openssl rand -base64 48"`,
    )
  const derive = (purpose: string): SealingKeys => [
    derived(newest, purpose),
    ...older.map((secret) => derived(secret, purpose)),
  ]
  const [first, ...rest] = derive('cookie')
  return {
    cookie: [textOf(first), ...rest.map(textOf)],
    seal: derive('record'),
    csrf: derive('csrf'),
    challenge: derive('challenge'),
    knownDevice: derive('known device'),
    throttle: derive('throttle'),
    device: derive('device'),
    confirmation: derive('confirmation'),
    confirmationSeal: derive('confirmation seal'),
    requestState: derive('request state'),
  }
}

function derived(secret: string, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `sallyport ${purpose} v1`, 32)))
}

/** For libraries that take a text. */
function textOf(key: KeyObject): string {
  return key.export().toString('base64url')
}
