import {
  classifyInboundRequest,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
  TRACEPARENT_META_KEY,
  TRACESTATE_META_KEY,
  type JSONRPCRequest,
} from '@modelcontextprotocol/server'
import type { CarriedCaller } from './caller.ts'
import { isServed } from './methods.ts'
import { isCursor, nextOf, pageOf } from './page.ts'
import { PRIVATE } from './private-lists.ts'
import { isRecord } from './record.ts'
import { jsonBytes } from './json-bytes.ts'
import type { ServingOptions } from './serving.ts'

/** A request as it came, its body parsed. */
export interface ListRequest {
  readonly method: string
  readonly headers: Headers
  readonly body: unknown
}

/** The body of the answer, JSON in UTF-8, status 200; `undefined` for what the protocol server is to answer. */
export type ListAnswers = (request: ListRequest, caller: CarriedCaller) => Buffer | undefined

/**
 * Answers what modern clients ask most, and what is longest: their lists of tools, prompts and templates, byte for byte
 * as the protocol server would, from descriptions that are JSON already. Who sees what is decided by the same lists.
 *
 * Fails closed: only a request in which there is nothing to refuse, and nothing that is not known here, is answered;
 * every other is the protocol server's.
 */
export function listAnswers({
  visible,
  serverInfo,
}: Pick<ServingOptions, 'visible' | 'serverInfo'>): ListAnswers {
  const json = jsonBytes()
  const end = { resultType: 'complete', ...PRIVATE, _meta: { [SERVER_INFO_META_KEY]: serverInfo } }
  const answer = (
    { id }: JSONRPCRequest,
    member: string,
    all: readonly { readonly name: string }[],
    cursor: string | undefined,
  ): Buffer => {
    const page = pageOf(all, ({ name }) => name, cursor)
    const empty = { result: { [member]: [], ...nextOf(page), ...end }, jsonrpc: '2.0', id }
    return json.filled(JSON.stringify(empty), page.entries)
  }
  return (request, caller) => {
    const asked = caller.signal.aborted ? undefined : listAsked(request)
    if (asked === undefined) return undefined
    const { message, cursor } = asked
    switch (message.method) {
      case 'tools/list':
        return answer(message, 'tools', visible.tools(caller), cursor)
      case 'prompts/list':
        return answer(message, 'prompts', visible.prompts(caller), cursor)
      case 'resources/templates/list':
        return answer(message, 'resourceTemplates', visible.templates(caller), cursor)
      default:
        return undefined
    }
  }
}

const ERA = '2026-07-28'

/** A request of MCP 2026-07-28 in which everything is as it must be; the SDK's own look at it comes first. */
function listAsked({
  method: httpMethod,
  headers,
  body,
}: ListRequest): { readonly message: JSONRPCRequest; readonly cursor: string | undefined } | undefined {
  const protocolVersionHeader = headers.get('mcp-protocol-version')
  const mcpMethodHeader = headers.get('mcp-method')
  // Both are required, which the SDK checks at another place.
  if (protocolVersionHeader === null || mcpMethodHeader === null) return undefined
  const found = classifyInboundRequest({ httpMethod, protocolVersionHeader, mcpMethodHeader, body })
  if (found.kind !== 'modern' || found.messageKind !== 'request') return undefined
  const { message, classification } = found
  if (classification.revision !== ERA || !isServed(message.method, ERA)) return undefined
  const { _meta: meta, cursor, ...others } = message.params ?? {}
  const isKnown =
    Object.keys(others).length === 0 && isRecord(meta) && Object.entries(meta).every(isKnownMeta)
  if (!isKnown || (cursor !== undefined && !isCursor(cursor))) return undefined
  return { message, cursor }
}

/** What the envelope of a request has, which is checked by then, and where its trace comes from. */
function isKnownMeta([key, value]: [string, unknown]): boolean {
  return ENVELOPE.has(key) || (TRACE.has(key) && typeof value === 'string')
}

const ENVELOPE: ReadonlySet<string> = new Set([
  PROTOCOL_VERSION_META_KEY,
  CLIENT_INFO_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  LOG_LEVEL_META_KEY,
])
const TRACE: ReadonlySet<string> = new Set([TRACEPARENT_META_KEY, TRACESTATE_META_KEY])
