import { isJsonContentType } from '@modelcontextprotocol/server'
import { parseJson } from './json.ts'
import { hasGoodParams } from './params.ts'
import { memberOf } from './record.ts'
import { rpcError } from './rpc-error.ts'

/** What was posted: a message or a batch of them, or the answer to what is neither. */
export type Posted =
  | { readonly kind: 'parsed'; readonly value: unknown; readonly messages: number }
  | { readonly kind: 'refused'; readonly response: Response }

/** Deeper JSON is refused. */
const DEEPEST = 64
/** Longer batches (2025-03-26 has them) are refused. */
const LONGEST_BATCH = 50
/** Ids are kept while their request runs, so nobody gets to have a long one kept. */
const LONGEST_ID = 256
/** What `initialize` says is kept for as long as the session, so it has a bound of its own, in characters. */
const LONGEST_INITIALIZE = 64 * 1024

/**
 * Parses a posted body, once for everybody downstream.
 *
 * @param contentType the `Content-Type` header
 * @param text the body; `undefined` when it was not UTF-8
 */
export function posted(contentType: string | null, text: string | undefined): Posted {
  if (!isJsonContentType(contentType))
    return refused(rpcError(415, -32000, 'Unsupported Media Type: Content-Type must be application/json'))
  const parsed = text === undefined ? undefined : parseJson(text, DEEPEST)
  if (parsed?.kind !== 'value') return refused(rpcError(400, -32700, 'Parse error'))
  const { value } = parsed
  const messages: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (messages.length > LONGEST_BATCH)
    return refused(rpcError(400, -32600, `Invalid Request: a batch has at most ${LONGEST_BATCH} messages`))
  if (!messages.every(hasGoodParams)) return refused(rpcError(400, -32602, 'Invalid params', idOf(value)))
  if (messages.some(hasLongId) || (isInitialize(value) && (text?.length ?? 0) > LONGEST_INITIALIZE))
    return refused(rpcError(400, -32600, 'Invalid Request'))
  return { kind: 'parsed', value, messages: messages.length }
}

function hasLongId(message: unknown): boolean {
  const id = idOf(message)
  return typeof id === 'string' && id.length > LONGEST_ID
}

/** Whether a message opens a session of a 2025-era client. */
export function isInitialize(message: unknown): boolean {
  return memberOf(message, 'method') === 'initialize'
}

function idOf(message: unknown): string | number | null {
  const id = memberOf(message, 'id')
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

function refused(response: Response): Posted {
  return { kind: 'refused', response }
}
