import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { Held } from './guard.ts'

/** Codes of our own lie outside -32768..-32000 (MCP 2026-07-28, error codes), and mean what HTTP means by them. */
const FORBIDDEN = 403
const TOO_MANY = 429

/** The words for a call that may be known to its caller and did not go on. */
export function heldBack(held: Exclude<Held, { kind: 'asked' }>): ProtocolError {
  switch (held.kind) {
    case 'limited': {
      const retryAfterMs = Math.ceil(held.retryAfter)
      const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
      const when = seconds === 1 ? '1 second' : `${seconds} seconds`
      return new ProtocolError(TOO_MANY, `Too many calls: try again in ${when}`, { retryAfterMs })
    }
    case 'refused':
      return new ProtocolError(FORBIDDEN, 'Somebody who was asked to confirm this call has refused it')
    case 'state_invalid':
      return invalidParams('Invalid or expired requestState')
    case 'too_many_pending':
      return tooMany('Too many of your calls wait for a confirmation already')
  }
}

/** Says that somebody has too much of something already. */
export function tooMany(text: string): ProtocolError {
  return new ProtocolError(TOO_MANY, text)
}

/** Says why a call waits, in an error: for results that have no place for words. */
export function forbidden(text: string): never {
  throw new ProtocolError(FORBIDDEN, text)
}

/** An answer of JSON-RPC's `Invalid params`. */
export function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message)
}

/** The answer to what threw: a constant text and the request id. */
export function internalError(requestId: string): never {
  throw new ProtocolError(
    ProtocolErrorCode.InternalError,
    `Internal error. Ask the operator about request ${requestId}.`,
  )
}
