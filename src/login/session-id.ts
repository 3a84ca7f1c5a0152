import { createHash } from 'node:crypto'

/**
 * What a session is called in lists. It takes no key to compute, and it is neither the token nor the digest that the
 * session is stored under, and leads to none of them.
 *
 * @param digest hex SHA-256 of the token
 */
export function sessionId(digest: string): string {
  return createHash('sha256').update(`sallyport-session-id:${digest}`).digest('hex').slice(0, 16)
}
