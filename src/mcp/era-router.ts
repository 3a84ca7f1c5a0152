import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server'
import type { CarriedCaller } from './caller.ts'
import { legacySessions } from './legacy-sessions.ts'
import { isListen, listening } from './listen.ts'
import { isInitialize } from './posted.ts'
import { protocolServer } from './protocol-server.ts'
import { rpcError } from './rpc-error.ts'
import { mayBeTold } from './serve-subscriptions.ts'
import type { ServingOptions } from './serving.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

/** What {@link eraRouter} takes. */
export interface EraRouterOptions {
  readonly serving: ServingOptions
  /** 2025-era sessions of one principal. */
  readonly sessionsPerPrincipal: number
  /** Ms since the epoch. */
  readonly now: () => number
  /** Told of messages that the protocol layer refused. */
  readonly onRejected: (error: unknown) => void
}

/** Brings requests to what serves their era of the protocol. */
export interface EraRouter {
  /** @param body as it was parsed; `undefined` without one */
  route(request: Request, caller: CarriedCaller, body: unknown): Promise<Response>
  close(): Promise<void>
}

const LEGACY_IDLE_TIMEOUT = 30 * 60_000
/** Nobody needs to be told of more, and each is asked about at every change. */
const MOST_WATCHED = 256

/** Makes the router: modern requests go to the SDK's handler, those of 2025-era clients to their sessions. */
export function eraRouter({ serving, sessionsPerPrincipal, now, onRejected }: EraRouterOptions): EraRouter {
  const { catalog, guard, carrier, onUnavailable } = serving
  const subscriptions = subscriptionsOf(serving)
  const unfollow = followed(serving, subscriptions)
  const server = () => protocolServer(serving)
  const modern = createMcpHandler(server, { legacy: 'reject', onerror: onRejected })
  const listeners = listening({ catalog, guard, subscriptions, server, onRejected, onUnavailable })
  const legacy = legacySessions({
    server: (subscription) => protocolServer(serving, subscription),
    subscriptions,
    perPrincipal: sessionsPerPrincipal,
    idleTimeout: LEGACY_IDLE_TIMEOUT,
    now,
  })
  return {
    async route(request, caller, body) {
      const { method, headers } = request
      const authInfo = carrier.wrap(caller)
      const handed = { authInfo, ...(body === undefined ? {} : { parsedBody: body }) }
      if (method === 'POST' && !(await isLegacyRequest(request, body)))
        return isListen(body)
          ? listeners.serve(request, body, caller, authInfo)
          : modern.fetch(request, handed)
      const id = headers.get('mcp-session-id')
      if (id !== null)
        return (await legacy.find(id, caller)?.handleRequest(request, handed)) ?? sessionNotFound()
      if (!isInitialize(body)) return method === 'POST' ? sessionMissing() : modern.fetch(request, handed)
      return (await legacy.open(caller)).handleRequest(request, handed)
    },
    async close() {
      unfollow()
      await Promise.all([modern.close(), listeners.close(), legacy.close()])
    },
  }
}

function subscriptionsOf({ catalog, guard }: ServingOptions): Subscriptions {
  return createSubscriptions({
    perPrincipal: MOST_WATCHED,
    keyOf: (uri) => catalog.resource(uri)?.uri ?? uri,
    mayBeTold: (caller, uri) => mayBeTold(guard, catalog, caller, uri),
  })
}

/** Tells who watches what each family says of its own resources. @returns what ends that */
function followed({ catalog }: ServingOptions, subscriptions: Subscriptions): () => void {
  const stops = catalog.resources.map((family) =>
    family.follow?.((uri) => {
      if (catalog.resource(uri)?.definition === family) subscriptions.updated(uri)
    }),
  )
  return () => {
    for (const stop of stops) stop?.()
  }
}

/** MCP 2025-11-25, session management: an unknown session is 404, and so is another principal's. */
function sessionNotFound(): Response {
  return rpcError(404, -32001, 'Session not found')
}

function sessionMissing(): Response {
  return rpcError(400, -32000, 'Bad Request: Mcp-Session-Id header is required')
}
