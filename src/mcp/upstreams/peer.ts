import { isRecord, type Params } from '../../wire/message.ts'
import type { Era } from '../methods.ts'
import type { UpstreamAnswer, UpstreamRequest } from './connection.ts'
import { answerIn } from './peer-answer.ts'
import { answerAlone, askedId, asksOf, paramsOf, type Asks } from './peer-asks.ts'
import { deadlineOf } from './peer-deadline.ts'
import { enveloped, MODERN } from './peer-envelope.ts'
import { noticesOf, quietly, type Notices } from './peer-notices.ts'
import type { Hearing, OpenWire, Told, Wire } from './peer-wire.ts'

/** One side of a JSON-RPC connection: ours. */
export interface Peer {
  /** Sends a request as of an era. Never rejects. */
  ask(request: UpstreamRequest, era: Era): Promise<UpstreamAnswer>
  /** Tells the upstream something; fulfilled with false if it was dropped. */
  tell(message: Told, era: Era): Promise<boolean>
  readonly inFlight: () => number
  readonly closed: Promise<string>
  close(): Promise<void>
}

/** What {@link peerOver} takes. */
export interface PeerOptions {
  readonly open: OpenWire
  /** Requests at once; more are `busy`. */
  readonly inFlight: number
  readonly notificationsPerSecond: number
  /** A notification that belongs to no request of a caller: changed lists and resources. Bounded in length. */
  readonly onUnasked: (method: string, params: Params) => void
  readonly onLine: (line: string) => void
}

/** A request that has no answer yet. */
interface Pending {
  readonly id: number
  readonly method: string
  readonly era: Era
  readonly notices: Notices
  readonly asks: Asks
  end(answer: UpstreamAnswer): void
}

/** The one request whose stream stays open: nothing that comes meanwhile is said of it, and it may last. */
export const LISTEN = 'subscriptions/listen'

/** Longer notifications are dropped; so are longer questions. In bytes. */
const LONGEST_NOTIFICATION = 65_536
const LONGEST_QUESTION = 1_048_576

/**
 * Speaks JSON-RPC over a wire. Ids and progress tokens are made here; what cannot be attributed to a request that is
 * under way is dropped. Whatever the upstream sends, nothing is kept but for requests that are under way, and nothing
 * is thrown.
 */
export function peerOver({ open, inFlight, notificationsPerSecond, onUnasked, onLine }: PeerOptions): Peer {
  const pending = new Map<number, Pending>()
  let last = 0
  let listening = 0
  let over: string | undefined
  const principals = new Set<string>()

  const tell = (told: Told, era: Era): void => {
    void wire.tell(told, era)
  }
  /**
   * What is said on no stream of its own belongs to the one request that is under way, if there is one alone. Where
   * several principals have called, it may as well be the rest of what another one has asked for: then it is nobody's.
   */
  const ownSole = (): Pending | undefined => (principals.size > 1 ? undefined : sole())
  const sole = (): Pending | undefined => {
    if (pending.size - listening !== 1) return undefined
    for (const one of pending.values()) if (one.method !== LISTEN) return one
    return undefined
  }

  const response = (message: Params, own: Pending | undefined): void => {
    const { id } = message
    const one = own ?? (typeof id === 'number' ? pending.get(id) : undefined)
    // Errors about a message that the upstream could not read have no id (JSON-RPC 2.0, section 5).
    const isOwn = one !== undefined && (id === one.id || (own !== undefined && isNullError(message)))
    if (isOwn) one.end(answerIn(message, one.method, one.era))
  }
  const question = (message: Params, method: string, length: number, own: Pending | undefined): void => {
    const id = askedId(message)
    const one = own ?? ownSole()
    // Since 2026-07-28 servers ask nothing.
    if (id === undefined || length > LONGEST_QUESTION || one?.era === MODERN) return
    const answer = (told: Told): void => tell(told, '2025-11-25')
    if (one === undefined) answerAlone(id, method, answer)
    else one.asks.take(id, method, paramsOf(message))
  }
  const notification = (method: string, params: Params, own: Pending | undefined): void => {
    switch (method) {
      case 'notifications/progress': {
        const token = params['progressToken']
        const one = typeof token === 'number' ? pending.get(token) : undefined
        if (own === undefined || own === one) one?.notices.progress(params)
        return
      }
      case 'notifications/message':
        return (own ?? ownSole())?.notices.log(params)
      case 'notifications/cancelled':
        for (const one of own === undefined ? pending.values() : [own]) one.asks.withdraw(params['requestId'])
        return
      default:
        quietly(() => onUnasked(method, params))
    }
  }
  const take = (message: unknown, length: number, own?: Pending): void => {
    if (!isRecord(message) || message['jsonrpc'] !== '2.0') return
    const { method } = message
    if (typeof method !== 'string') return response(message, own)
    if ('id' in message) return question(message, method, length, own)
    if (length <= LONGEST_NOTIFICATION) notification(method, paramsOf(message), own)
  }

  const wire: Wire = open({
    heard: (message, length) => take(message, length),
    tooLong(edges) {
      const one = pending.get(idIn(edges)) ?? sole()
      if (one === undefined) onLine('a message of the upstream is too long, and was dropped')
      else one.end({ kind: 'too_large' })
    },
    onLine,
  })
  const closed = wire.closed.then((why) => {
    over = why
    for (const one of pending.values()) one.end({ kind: 'down', sent: true, why })
    return why
  })

  const cancel = (one: Pending, answer: UpstreamAnswer): void => {
    const byClosing = wire.hasStreams && one.era === MODERN
    if (!byClosing && one.method !== 'initialize')
      tell({ method: 'notifications/cancelled', params: { requestId: one.id } }, one.era)
    one.end(answer)
  }

  const start = (request: UpstreamRequest, era: Era, resolve: (answer: UpstreamAnswer) => void): void => {
    const { method, signal, timeout, principal } = request
    const id = ++last
    // That there are two is all there is to know.
    if (principal !== undefined && principals.size < 2) principals.add(principal)
    const onAbort = (): void => cancel(one, { kind: 'cancelled' })
    const deadline = deadlineOf(timeout, () => cancel(one, { kind: 'timeout' }))
    let isOver = false
    let stop: (() => void) | undefined
    const one: Pending = {
      id,
      method,
      era,
      notices: noticesOf(request, notificationsPerSecond),
      asks: asksOf(request, deadline, (told) => tell(told, era)),
      end(answer) {
        if (isOver) return
        isOver = true
        pending.delete(id)
        if (method === LISTEN) listening--
        deadline.clear()
        signal.removeEventListener('abort', onAbort)
        one.notices.end()
        one.asks.end()
        stop?.()
        resolve(answer)
      },
    }
    const hearing: Hearing = {
      heard: (message, length) => (isOver ? undefined : take(message, length, one)),
      over: one.end,
      isOver: () => isOver,
    }
    pending.set(id, one)
    if (method === LISTEN) listening++
    signal.addEventListener('abort', onAbort, { once: true })
    const { headers, authInfo, repeatable, onProgress } = request
    const params = enveloped(request, era, onProgress === undefined ? undefined : id)
    stop = wire.send(
      { era, id, method, params, repeatable, authInfo, ...(headers === undefined ? {} : { headers }) },
      hearing,
    )
    if (isOver) stop()
  }

  return {
    async ask(request, era) {
      if (request.signal.aborted) return { kind: 'cancelled' }
      if (over !== undefined) return { kind: 'down', sent: false, why: over }
      // A session that is opened anew is what the others wait for.
      const isFull = pending.size - listening >= inFlight && request.method !== 'initialize'
      if (isFull) return { kind: 'busy' }
      return new Promise((resolve) => start(request, era, resolve))
    },
    tell: async (message, era) => wire.tell(message, era),
    inFlight: () => pending.size - listening,
    closed,
    close: async () => wire.close(),
  }
}

function isNullError({ id, error }: Params): boolean {
  return id === null && error !== undefined
}

/** The id in the edges of a response that was too long; servers write it first or last. NaN if it cannot be found. */
function idIn(edges: string): number {
  const found = /^\{(?:"jsonrpc":"2\.0",)?"id":(\d{1,15}),|"id":(\d{1,15})(?:,"jsonrpc":"2\.0")?\}\r?$/.exec(
    edges,
  )
  return Number(found?.[1] ?? found?.[2] ?? NaN)
}
