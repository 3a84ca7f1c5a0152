import { isUtf8 } from 'node:buffer'
import { isRecord, type Params, type RpcMessage } from './message.ts'

/** Headers of a request. */
export type Headers = Readonly<Record<string, string>>

const VERSION = 'io.modelcontextprotocol/protocolVersion'

/** The revision that a message says in its envelope (MCP 2026-07-28, `_meta`); a 2025-era message says none. */
export function revisionOf({ params }: { readonly params: Params }): string | undefined {
  const meta = params['_meta']
  const version = isRecord(meta) ? meta[VERSION] : undefined
  return typeof version === 'string' ? version : undefined
}

/** Which parameter `Mcp-Name` repeats, by method (MCP 2026-07-28, Streamable HTTP; the last three are of the tasks extension). */
const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/**
 * The headers of a modern message that repeat its body (MCP 2026-07-28, Streamable HTTP, standard request headers).
 *
 * @param revision that it is of
 */
export function modernHeaders(message: Extract<RpcMessage, { params: Params }>, revision: string): Headers {
  const { method, params } = message
  const by = Object.hasOwn(NAMED_BY, method) ? NAMED_BY[method] : undefined
  const name = by === undefined ? undefined : params[by]
  return {
    'mcp-protocol-version': headerValue(revision),
    'mcp-method': headerValue(method),
    ...(typeof name === 'string' ? { 'mcp-name': headerValue(name) } : {}),
  }
}

/** What a header may carry as it is: visible ASCII, spaces and tabs inside (RFC 9110, section 5.5). */
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The text of a header's value that {@link headerValue} made; `undefined` for characters or base64 that it never makes. */
export function headerText(value: string): string | undefined {
  const [, encoded] = /^=\?base64\?(.*)\?=$/.exec(value) ?? []
  if (encoded === undefined) return value === '' || PLAIN.test(value) ? value : undefined
  if (!BASE64.test(encoded)) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** A text as a header's value: as it is, or in the base64 form that servers decode (`=?base64?…?=`). */
export function headerValue(text: string): string {
  const looksEncoded = text.startsWith('=?base64?') && text.endsWith('?=')
  return PLAIN.test(text) && !looksEncoded
    ? text
    : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
}
