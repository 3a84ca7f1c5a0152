import { randomUUID } from 'node:crypto'
import {
  isSpecType,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
  type Server,
} from '@modelcontextprotocol/server'
import type { AuthContext } from '../auth/context.ts'
import type { Caller, CarriedCaller } from './caller.ts'
import type { ListKind } from './catalog-source.ts'
import type { ListChanges } from './list-changes.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

/** The protocol sessions of 2025-era clients. Transport state, never a credential: every request proves who it is. */
export interface LegacySessions {
  /** Opens a session for the caller of an `initialize`. Whoever then has more than it may loses its longest unused one. */
  open(caller: Caller): Promise<LegacyTransport>
  /**
   * The transport of a session, for the principal that opened it; `undefined` for everybody else, exactly as for an
   * id that never was.
   */
  find(id: string, caller: CarriedCaller): LegacyTransport | undefined
  /** Closes those that were last used by who is meant: nothing is watched for them any more. */
  end(concerns: (context: AuthContext) => boolean): void
  close(): Promise<void>
}

/** What serves the requests of one session. */
export interface LegacyTransport {
  handleRequest(request: Request, options: { parsedBody?: unknown; authInfo: AuthInfo }): Promise<Response>
}

/** What {@link legacySessions} takes. */
export interface LegacySessionOptions {
  /** Makes the protocol server behind one session. */
  readonly server: (caller: Caller, subscription: Subscription) => Server
  readonly subscriptions: Subscriptions
  readonly lists: ListChanges
  /** How many a principal may have. */
  readonly perPrincipal: number
  /** A session unused for this long is over, in ms. */
  readonly idleTimeout: number
  /** Ms since the epoch. */
  readonly now: () => number
}

/** As the Language Server Protocol has it; nobody gets to see it. */
const REQUEST_CANCELLED = -32_800

interface Session {
  readonly principal: string
  readonly transport: WebStandardStreamableHTTPServerTransport
  /** By whom it was used last: one principal may have several credentials. */
  context: AuthContext
  lastUsedAt: number
  /** Whose request the open stream of the session is; what is told about resources goes there. */
  listener: CarriedCaller | undefined
}

/** Keeps the sessions of this process, each bound to the principal that opened it. */
export function legacySessions(options: LegacySessionOptions): LegacySessions {
  const { now, idleTimeout, perPrincipal } = options
  const sessions = new Map<string, Session>()
  const end = async (ids: readonly string[]): Promise<void> => {
    const ended = ids.flatMap((id) => sessions.get(id) ?? [])
    for (const id of ids) sessions.delete(id)
    await Promise.all(ended.map(async ({ transport }) => transport.close()))
  }
  return {
    async open(caller) {
      const principal = caller.context.principal.id
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        async onsessioninitialized(id) {
          sessions.set(id, session)
          session.lastUsedAt = now()
          const idle = [...sessions].filter(([, { lastUsedAt }]) => now() - lastUsedAt > idleTimeout)
          await end([...idle.map(([unused]) => unused), ...surplus(sessions, principal, perPrincipal)])
        },
        onsessionclosed: (id) => {
          sessions.delete(id)
        },
      })
      const { context } = caller
      const session: Session = { principal, transport, context, lastUsedAt: now(), listener: undefined }
      await serve(session, caller, options)
      endCancelledStreams(transport)
      return transport
    },
    find(id, caller) {
      const session = sessions.get(id)
      if (session === undefined || session.principal !== caller.context.principal.id) return undefined
      if (now() - session.lastUsedAt > idleTimeout) return undefined
      session.lastUsedAt = now()
      session.context = caller.context
      return {
        async handleRequest(request, handed) {
          cancelWhenGone(session.transport, caller.signal, handed.parsedBody)
          const response = await session.transport.handleRequest(request, handed)
          if (request.method === 'GET' && response.ok) session.listener = caller
          return response
        },
      }
    },
    end: (concerns) =>
      void end([...sessions].flatMap(([id, { context }]) => (concerns(context) ? [id] : []))),
    close: async () => end([...sessions.keys()]),
  }
}

/** Connects a session with a protocol server, which is told of changes as long as somebody listens on its stream. */
async function serve(
  session: Session,
  caller: Caller,
  { server, subscriptions, lists }: LegacySessionOptions,
): Promise<void> {
  const listener = () => (session.listener?.signal.aborted === false ? session.listener : undefined)
  const subscription = subscriptions.open(session.principal, {
    listener,
    tell: (uri) => void served.sendResourceUpdated({ uri }).catch(() => undefined),
  })
  const served = server(caller, subscription)
  const endLists = lists.open({ listener, tell: (kind) => void tellOf(served, kind).catch(() => undefined) })
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a server of the SDK is no EventTarget
  served.onclose = () => {
    subscription.end()
    endLists()
  }
  await served.connect(session.transport)
}

async function tellOf(server: Server, kind: ListKind): Promise<void> {
  switch (kind) {
    case 'tools':
      return server.sendToolListChanged()
    case 'prompts':
      return server.sendPromptListChanged()
    case 'resources':
      return server.sendResourceListChanged()
  }
}

/** What a principal has beyond what it may: the longest unused first. */
function surplus(sessions: ReadonlyMap<string, Session>, principal: string, most: number): string[] {
  const held = [...sessions].filter(([, session]) => session.principal === principal)
  held.sort(([, one], [, other]) => one.lastUsedAt - other.lastUsedAt)
  return held.slice(0, Math.max(0, held.length - most)).map(([id]) => id)
}

/**
 * What was posted on a connection that has gone is cancelled: there is no way to fetch the answer. The SDK would only find
 * that out from its client, and would go on to wait for what it has asked that client, for 10 minutes.
 */
function cancelWhenGone(
  transport: WebStandardStreamableHTTPServerTransport,
  gone: AbortSignal,
  posted: unknown,
): void {
  const messages: readonly unknown[] = Array.isArray(posted) ? posted : [posted]
  const ids = messages.flatMap((message) => (isSpecType.JSONRPCRequest(message) ? [message.id] : []))
  if (ids.length === 0) return
  const cancel = (): void => {
    for (const requestId of ids)
      transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })
  }
  gone.addEventListener('abort', cancel, { once: true })
}

/**
 * The SDK never answers a request that its client has cancelled: it leaves the stream of the answer open, and keeps the
 * request's id for as long as the session lives. With the stream closed, an answer goes nowhere and lets go of the id.
 */
function endCancelledStreams(transport: WebStandardStreamableHTTPServerTransport): void {
  const deliver = transport.onmessage
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport of the SDK is no EventTarget
  transport.onmessage = (message, extra) => {
    deliver?.(message, extra)
    if (!isSpecType.CancelledNotification(message)) return
    const { requestId } = message.params
    if (requestId === undefined) return
    transport.closeSSEStream(requestId)
    const error = { code: REQUEST_CANCELLED, message: 'Request cancelled' }
    void transport.send({ jsonrpc: '2.0', id: requestId, error }).catch(() => undefined)
  }
}
