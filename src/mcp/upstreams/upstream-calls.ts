import type { ClientCapabilities } from '@modelcontextprotocol/server'
import type { AuthContext } from '../../auth/context.ts'
import type { Call } from '../tool.ts'
import { authInfoOf } from './auth-info.ts'
import type { Breaker } from './breaker.ts'
import type { UpstreamCalls } from './calls.ts'
import type { UpstreamAnswer, UpstreamRequest } from './connection.ts'
import type { UpstreamOptions } from './options.ts'
import type { UpstreamPorts } from './ports.ts'
import type { UpstreamConnections } from './upstream-connections.ts'
import { watches } from './upstream-watches.ts'

/** Calls of one upstream, and how many there are. */
export interface CountedCalls extends UpstreamCalls {
  inFlight(): number
  close(): void
}

/** Sends what callers ask of one upstream on connections that are theirs, and says of each how it ended. */
export function upstreamCalls(
  options: UpstreamOptions,
  connections: UpstreamConnections,
  { identify, told, now }: Pick<UpstreamPorts, 'identify' | 'told' | 'now'>,
): CountedCalls {
  const { limits, name, transport } = options
  let inFlight = 0
  const watching = watches(connections, { now })

  const capabilitiesFor = ({ client }: Call): ClientCapabilities => {
    // Nobody could say whose a question on a connection of all is.
    if (connections.isShared() === true && connections.era() === '2025-11-25') return {}
    return allowedOf(client.capabilities ?? {}, options.asks)
  }
  const once = async (
    call: Call,
    request: UpstreamRequest,
  ): Promise<UpstreamAnswer & { isOld?: boolean }> => {
    const { context, client, signal } = call
    const session = client.session === undefined ? {} : { session: client.session }
    const party = { context, ...session, capabilities: allowedOf(client.capabilities ?? {}, options.asks) }
    const got = await connections.of(party, signal)
    if (got.kind !== 'got') return got
    const { lease, breaker } = got
    try {
      const answer = await lease.connection.request(request)
      tell(breaker, answer)
      return lease.isFresh ? answer : { ...answer, isOld: true }
    } finally {
      lease.release()
    }
  }
  const answered = async (call: Call, asked: Asked): Promise<UpstreamAnswer> => {
    const { context, requestId, signal, trace } = call
    const identification = identify(context, options, requestId)
    const request: UpstreamRequest = {
      ...asked,
      meta: { ...asked.meta, ...identification.meta, ...trace },
      headers: { ...asked.headers, ...identification.headers, ...trace },
      principal: context.principal.id,
      ...(transport.kind === 'in-process' ? { authInfo: authInfoOf(context, requestId) } : {}),
      signal,
      timeout: limits.timeout,
    }
    const { isOld, ...first } = await once(call, request)
    // A connection may have ended before it was used again; one that was made for this says the truth.
    const isWorthAnother = first.kind === 'down' && isOld === true && (!first.sent || asked.repeatable)
    if (!isWorthAnother || signal.aborted) return first
    const { isOld: _old, ...second } = await once(call, request)
    return second
  }

  return {
    capabilitiesFor,
    inFlight: () => inFlight,
    async request(call, asked) {
      const begun = now()
      if (inFlight >= limits.inFlight) return report({ kind: 'busy' }, 0)
      inFlight += 1
      try {
        return report(await answered(call, asked), now() - begun)
      } catch (error) {
        // The store does not say what is kept for this principal: nothing was sent.
        return report({ kind: 'down', sent: false, why: whyOf(error) }, now() - begun)
      } finally {
        inFlight -= 1
      }

      function report(answer: UpstreamAnswer, durationMs: number): UpstreamAnswer {
        told({ kind: 'called', upstream: name, method: asked.method, answer: answer.kind, durationMs })
        return answer
      }
    },
    watch: (context: AuthContext, uri, changed) => watching.watch(context, uri, changed),
    close: () => watching.close(),
  }
}

type Asked = Parameters<UpstreamCalls['request']>[1]

/** What an answer says about whether the upstream can be reached. */
function tell(breaker: Breaker, { kind }: UpstreamAnswer): void {
  switch (kind) {
    case 'down':
    case 'timeout':
      return breaker.failed()
    case 'result':
    case 'error':
    case 'refused':
    case 'too_large':
    case 'garbage':
      return breaker.succeeded()
    case 'cancelled':
    case 'busy':
    case 'no_secret':
      return breaker.unknown()
  }
}

/** Which capability of a client a request needs (MCP, client capabilities). */
const NEEDED = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
} as const

function allowedOf(capabilities: ClientCapabilities, asks: UpstreamOptions['asks']): ClientCapabilities {
  const names = asks.map((method) => NEEDED[method]).filter((name) => capabilities[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, capabilities[name]]))
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
