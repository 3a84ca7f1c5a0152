import { randomBytes } from 'node:crypto'

/** 128 bits, base64url. */
const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/

/** Names a call that waits. It is no secret to whoever made the call, and opens nothing by itself. */
export function newConfirmationId(): string {
  return randomBytes(16).toString('base64url')
}

/** Whether a text may be one. */
export function isConfirmationId(text: string): boolean {
  return ID.test(text)
}
