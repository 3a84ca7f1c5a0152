import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../auth/context.ts'
import type { Call } from '../tool.ts'
import type { UpstreamAnswer, UpstreamRequest } from './connection.ts'

/** Requests to one upstream, on the connection that is this caller's. Pooling, secrets, breaker and identity are behind it. */
export interface UpstreamCalls {
  /** Never rejects. Identity and trace context are added here; the caller's own credential never is. */
  request(
    call: Call,
    request: Omit<UpstreamRequest, 'signal' | 'timeout' | 'authInfo'>,
  ): Promise<UpstreamAnswer>
  /** What of a client's capabilities this upstream may use. */
  capabilitiesFor(call: Call): ClientCapabilities
  /** Watches a resource for a caller until the function it returns is called. */
  watch(context: AuthContext, uri: string, changed: () => void): () => void
}
