import { VERSION } from '../../version.ts'
import type { Era } from '../methods.ts'
import type { UpstreamRequest } from './connection.ts'

/** The revision that a request of this era is of, where it says so itself. */
export const MODERN: Era = '2026-07-28'

/** What we are to upstreams. */
export const CLIENT_INFO: Readonly<{ name: string; version: string }> = Object.freeze({
  name: 'sallyport',
  version: VERSION,
})

/**
 * The parameters of a request with its `_meta` (MCP 2026-07-28, basic, `_meta`; MCP 2025-11-25, progress). What is the
 * protocol's own wins over what the request brings along.
 *
 * @param token of its progress, if it is asked for
 */
export function enveloped(
  { params, meta, clientCapabilities = {}, logLevel }: UpstreamRequest,
  era: Era,
  token: number | undefined,
): Readonly<Record<string, unknown>> {
  if (era !== MODERN && meta === undefined && token === undefined) return params
  const own: Record<string, unknown> = { ...meta }
  if (token !== undefined) own['progressToken'] = token
  if (era === MODERN) {
    own['io.modelcontextprotocol/protocolVersion'] = MODERN
    own['io.modelcontextprotocol/clientInfo'] = CLIENT_INFO
    own['io.modelcontextprotocol/clientCapabilities'] = clientCapabilities
    if (logLevel !== undefined) own['io.modelcontextprotocol/logLevel'] = logLevel
  }
  return { ...params, _meta: own }
}
