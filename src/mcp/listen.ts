import {
  createMcpHandler,
  type AuthInfo,
  type McpRequestContext,
  type Server,
  type ServerEvent,
  type ServerEventBus,
} from '@modelcontextprotocol/server'
import type { CarriedCaller } from './caller.ts'
import type { CatalogSource, ListKind } from './catalog-source.ts'
import type { Guard } from './guard.ts'
import type { ListChanges } from './list-changes.ts'
import { askedOf } from './guarded-call.ts'
import { isRecord, memberOf } from './record.ts'
import { rpcError } from './rpc-error.ts'
import { mayBeTold, tooManyWatched } from './serve-subscriptions.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

/** `subscriptions/listen` (MCP 2026-07-28): a stream of changes of resources and lists, for one caller. */
export interface Listening {
  /** @param message checked already, see `params.ts` */
  serve(
    request: Request,
    message: ListenMessage,
    caller: CarriedCaller,
    authInfo: AuthInfo,
  ): Promise<Response>
  /** Ends every stream, as one that is complete. */
  close(): Promise<void>
}

/** A message as it was posted. */
export interface ListenMessage {
  readonly method: 'subscriptions/listen'
  readonly [key: string]: unknown
}

/** What {@link listening} takes. */
export interface ListeningOptions {
  readonly catalog: CatalogSource
  readonly guard: Guard
  readonly subscriptions: Subscriptions
  readonly lists: ListChanges
  readonly server: (context: Pick<McpRequestContext, 'authInfo'>) => Server
  readonly onRejected: (error: unknown) => void
  /** Told when what is watched could be neither judged nor recorded. */
  readonly onUnavailable: (caller: CarriedCaller, error: unknown) => void
}

/** Whether a posted message is one for {@link Listening}. */
export function isListen(body: unknown): body is ListenMessage {
  return memberOf(body, 'method') === 'subscriptions/listen'
}

/**
 * Serves each stream by a handler of the SDK of its own, whose bus brings what this one caller may know. The SDK has no
 * hook that asks who listens: what may not be watched is taken out of the request, and the acknowledgement is silent
 * about it, as about what does not exist.
 */
export function listening(options: ListeningOptions): Listening {
  const { subscriptions, lists, server, onRejected, onUnavailable } = options
  const open = new Set<{ close: () => Promise<void> }>()
  return {
    async serve(request, message, caller, authInfo) {
      const uris = urisIn(message)
      // Each is decided and put on record, whether it exists or not.
      if (uris.length > subscriptions.perPrincipal) return tooManyAnswer(message)
      const bus = busFor(subscriptions, lists, caller)
      try {
        const granted = await grantedOf(options, caller, bus.subscription, uris)
        if (granted === undefined) return tooManyAnswer(message)
        const handler = createMcpHandler(server, { legacy: 'reject', bus, onerror: onRejected })
        open.add(handler)
        bus.onOver(() => open.delete(handler))
        return await handler.fetch(request, { authInfo, parsedBody: withUris(message, granted) })
      } catch (error) {
        onUnavailable(caller, error)
        return rpcError(200, -32603, 'Internal error')
      } finally {
        bus.endUnlessHeard()
      }
    },
    async close() {
      await Promise.all([...open].map(async (handler) => handler.close()))
    },
  }
}

const LIST_EVENTS = {
  tools: 'tools_list_changed',
  prompts: 'prompts_list_changed',
  resources: 'resources_list_changed',
} as const satisfies Record<ListKind, ServerEvent['kind']>

interface CallerBus extends ServerEventBus {
  readonly subscription: Subscription
  onOver(told: () => void): void
  /** The SDK answered with something else than a stream. */
  endUnlessHeard(): void
}

function busFor(subscriptions: Subscriptions, lists: ListChanges, caller: CarriedCaller): CallerBus {
  let hear: ((event: ServerEvent) => void) | undefined
  let over: () => void = () => undefined
  const listener = () => (caller.signal.aborted ? undefined : caller)
  const subscription = subscriptions.open(caller.context.principal.id, {
    listener,
    tell: (uri) => hear?.({ kind: 'resource_updated', uri }),
  })
  const endLists = lists.open({ listener, tell: (kind) => hear?.({ kind: LIST_EVENTS[kind] }) })
  const end = (): void => {
    hear = undefined
    subscription.end()
    endLists()
    over()
  }
  return {
    subscription,
    publish: () => undefined,
    subscribe(hears) {
      hear = hears
      return end
    },
    onOver(told) {
      over = told
    },
    endUnlessHeard() {
      if (hear === undefined) end()
    },
  }
}

/** Those that the caller may watch, each decided and on record; `undefined` if they are too many. */
async function grantedOf(
  { catalog, guard }: ListeningOptions,
  caller: CarriedCaller,
  subscription: Subscription,
  uris: readonly string[],
): Promise<readonly string[] | undefined> {
  const granted: string[] = []
  for (const uri of uris) {
    if (caller.signal.aborted) break
    const found = catalog.current().resource(uri)
    const asked = askedOf('resource', 'resources/subscribe', found?.uri ?? uri, found?.definition)
    const args = Object.freeze(found?.variables ?? {})
    const watched = (): 'unknown' | 'granted' | 'full' => {
      if (!mayBeTold(guard, catalog, caller, uri)) return 'unknown'
      return subscription.add(uri, caller.context) ? 'granted' : 'full'
    }
    const result = await guard.call(caller, asked, args, async () => {
      const value = watched()
      return { outcome: value === 'granted' ? 'ok' : 'error', value }
    })
    if (result.kind !== 'done') continue
    if (result.value === 'full') return undefined
    if (result.value === 'granted') granted.push(uri)
  }
  return granted
}

function urisIn(message: ListenMessage): readonly string[] {
  const uris = memberOf(memberOf(message['params'], 'notifications'), 'resourceSubscriptions')
  const texts = Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : []
  return [...new Set(texts)]
}

function withUris(message: ListenMessage, granted: readonly string[]): unknown {
  const params = message['params']
  const notifications = memberOf(params, 'notifications')
  if (!isRecord(params) || !isRecord(notifications)) return message
  const honoured = { ...notifications, resourceSubscriptions: granted }
  return { ...message, params: { ...params, notifications: honoured } }
}

function tooManyAnswer({ id }: ListenMessage): Response {
  const { code, message } = tooManyWatched()
  return rpcError(200, code, message, typeof id === 'string' || typeof id === 'number' ? id : null)
}
