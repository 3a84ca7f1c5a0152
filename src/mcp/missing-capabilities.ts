import type { ClientCapabilities } from '@modelcontextprotocol/server'
import { isRecord, memberOf } from './record.ts'

/** Something that is asked of a client, not believed to be well-formed. */
export interface AskedOfClient {
  readonly method: string
  readonly params?: unknown
}

/**
 * What a client has to have declared to be asked this, and has not: in the shape of capabilities, as an error -32021
 * names them; `undefined` where nothing is missing. `elicitation: {}` is a form, as before there were modes (MCP
 * 2025-11-25, elicitation).
 *
 * Fails closed: what is no request to a client needs a capability that nobody has.
 */
export function missingCapabilities(
  request: AskedOfClient,
  declared: ClientCapabilities | undefined,
): ClientCapabilities | undefined {
  switch (request.method) {
    case 'elicitation/create':
      return missingElicitation(memberOf(request.params, 'mode') === 'url' ? 'url' : 'form', declared)
    case 'sampling/createMessage':
      return missingSampling(request.params, declared)
    case 'roots/list':
      return declared?.roots === undefined ? { roots: {} } : undefined
    default:
      return { experimental: { [request.method]: {} } }
  }
}

function missingElicitation(
  mode: 'url' | 'form',
  declared: ClientCapabilities | undefined,
): ClientCapabilities | undefined {
  const modes: unknown = declared?.elicitation
  const isBare = isRecord(modes) && modes['form'] === undefined && modes['url'] === undefined
  const has = memberOf(modes, mode) !== undefined || (isBare && mode === 'form')
  return has ? undefined : { elicitation: { [mode]: {} } }
}

function missingSampling(
  params: unknown,
  declared: ClientCapabilities | undefined,
): ClientCapabilities | undefined {
  const needsTools = memberOf(params, 'tools') !== undefined || memberOf(params, 'toolChoice') !== undefined
  if (declared?.sampling === undefined) return { sampling: needsTools ? { tools: {} } : {} }
  return needsTools && declared.sampling.tools === undefined ? { sampling: { tools: {} } } : undefined
}
