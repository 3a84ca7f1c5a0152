import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { UpstreamOptions } from './options.ts'

/**
 * What a connection that only lists says that its client can do: all that the upstream may ask of anybody. Some 2025-era
 * servers have tools for clients alone that can do what those need, and none of them is to be missed. A connection that
 * callers share says nothing of the kind: nobody could tell whom a question is for.
 */
export function listingCapabilities({
  asks,
  connection,
}: Pick<UpstreamOptions, 'asks' | 'connection'>): ClientCapabilities {
  if (connection === 'shared') return {}
  return {
    ...(asks.includes('elicitation/create') ? { elicitation: { form: {}, url: {} } } : {}),
    ...(asks.includes('sampling/createMessage') ? { sampling: {} } : {}),
    ...(asks.includes('roots/list') ? { roots: {} } : {}),
  }
}
