import { randomBytes } from 'node:crypto'

/** The content of a new file for a secret: 384 random bits. */
export function newSecret(): string {
  return `${randomBytes(48).toString('base64url')}\n`
}
