import { createMcpHandler, isLegacyRequest, type McpRequestContext } from '@modelcontextprotocol/server'
import type { AuthContext } from '../auth/context.ts'
import type { Caller, CarriedCaller } from './caller.ts'
import type { ListKind } from './catalog-source.ts'
import { legacySessions } from './legacy-sessions.ts'
import { listChanges, type ListChanges } from './list-changes.ts'
import { isListen, listening } from './listen.ts'
import { isInitialize } from './posted.ts'
import { protocolServer } from './protocol-server.ts'
import { rpcError } from './rpc-error.ts'
import type { ResourceDefinition } from './resource.ts'
import { mayBeTold } from './serve-subscriptions.ts'
import type { ServingOptions } from './serving.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'
import { watchesOf, type Watches } from './watches.ts'

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
  /** Ends what is kept for callers who are meant beyond their requests. */
  end(concerns: (context: AuthContext) => boolean): void
  close(): Promise<void>
}

const LEGACY_IDLE_TIMEOUT = 30 * 60_000
/** Nobody needs to be told of more, and each is asked about at every change. */
const MOST_WATCHED = 256

/** Makes the router: modern requests go to the SDK's handler, those of 2025-era clients to their sessions. */
export function eraRouter({ serving, sessionsPerPrincipal, now, onRejected }: EraRouterOptions): EraRouter {
  const { catalog, guard, carrier, onUnavailable } = serving
  const subscriptions = subscriptionsOf(serving)
  const lists = listChanges((caller, kind) => mayHear(serving, caller, kind))
  const unfollow = followed(serving, subscriptions, lists)
  const server = ({ authInfo }: Pick<McpRequestContext, 'authInfo'>) =>
    protocolServer(serving, carrier.unwrap(authInfo))
  const modern = createMcpHandler(server, { legacy: 'reject', onerror: onRejected })
  const listeners = listening({ catalog, guard, subscriptions, lists, server, onRejected, onUnavailable })
  const legacy = legacySessions({
    server: (caller, subscription) => protocolServer(serving, caller, subscription),
    subscriptions,
    lists,
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
    end: (concerns) => legacy.end(concerns),
    async close() {
      unfollow()
      await Promise.all([modern.close(), listeners.close(), legacy.close()])
    },
  }
}

function subscriptionsOf({ catalog, guard }: ServingOptions): Subscriptions & Pick<Watches, 'renew'> {
  const watches = watchesOf({
    find: (uri) => catalog.current().resource(uri),
    changed: (uri, principal) => subscriptions.updated(uri, principal),
  })
  const subscriptions = createSubscriptions({
    perPrincipal: MOST_WATCHED,
    keyOf: (uri) => catalog.current().resource(uri)?.uri ?? uri,
    mayBeTold: (caller, uri) => mayBeTold(guard, catalog, caller, uri),
    watches,
  })
  return { ...subscriptions, renew: watches.renew }
}

function mayHear({ visible }: ServingOptions, caller: Caller, kind: ListKind): boolean {
  switch (kind) {
    case 'tools':
      return visible.tools(caller).length > 0
    case 'prompts':
      return visible.prompts(caller).length > 0
    case 'resources':
      return visible.hasResources(caller)
  }
}

/** Tells who watches what each family says of its own resources, whichever families there are. @returns what ends that */
function followed(
  { catalog }: ServingOptions,
  { updated, renew }: ReturnType<typeof subscriptionsOf>,
  lists: ListChanges,
): () => void {
  const stops = new Map<ResourceDefinition, () => void>()
  const follow = (): void => {
    const families = new Set(catalog.current().resources)
    for (const [family, stop] of stops) {
      if (families.has(family)) continue
      stop()
      stops.delete(family)
    }
    for (const family of families) {
      if (family.follow === undefined || stops.has(family)) continue
      const told = (uri: string): void => {
        if (catalog.current().resource(uri)?.definition === family) updated(uri)
      }
      stops.set(family, family.follow(told))
    }
  }
  follow()
  const unfollow = catalog.follow((kinds, principal) => {
    follow()
    renew()
    lists.changed(kinds, principal)
  })
  return () => {
    unfollow()
    for (const stop of stops.values()) stop()
  }
}

/** MCP 2025-11-25, session management: an unknown session is 404, and so is another principal's. */
function sessionNotFound(): Response {
  return rpcError(404, -32001, 'Session not found')
}

function sessionMissing(): Response {
  return rpcError(400, -32000, 'Bad Request: Mcp-Session-Id header is required')
}
