import { createHash, randomBytes } from 'node:crypto'

/** What a session token looks like: `sps_`, four hex digits of slot tag, `_`, 256 random bits. */
const TOKEN = /^sps_([0-9a-f]{4})_[A-Za-z0-9_-]{43}$/

/**
 * The slot tag of a user: all keys of one user, and the tokens of his sessions, carry it in braces, so that they
 * share a hash slot of a Redis Cluster. It says nothing about the name beyond 16 bits of its digest.
 */
export function slotOf(user: string): string {
  return createHash('sha256').update(`sallyport-slot:${user}`).digest('hex').slice(0, 4)
}

/** A new token for `user`: 256 bits from the system's random source. */
export function newSessionToken(user: string): string {
  return `sps_${slotOf(user)}_${randomBytes(32).toString('base64url')}`
}

/** The slot tag inside a token, or `undefined` if it is not shaped like one. */
export function slotOfToken(token: string): string | undefined {
  return TOKEN.exec(token)?.[1]
}

/** The hex SHA-256 under which a session is stored. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
