import type { Era } from '../methods.ts'
import { httpClient, type HttpAsk } from './http-client.ts'
import { exchange, type Exchange, type ExchangeEnd, type Place } from './http-exchange.ts'
import { httpFailure } from './http-failure.ts'
import { requestHeaders, sessionHeaders } from './http-headers.ts'
import { isOfRequest } from './http-status.ts'
import { unaskedStream } from './http-stream.ts'
import { statusOf, tellsOver } from './http-tells.ts'
import type { UpstreamLimits, UpstreamTransport } from './options.ts'
import { MODERN } from './peer-envelope.ts'
import type { UpstreamAnswer } from './connection.ts'
import type { Hearing, OpenWire, Outgoing, Told, Wire, WireEvents } from './peer-wire.ts'

/** What {@link httpWire} takes. */
export interface HttpWireOptions {
  readonly transport: Extract<UpstreamTransport, { kind: 'http' }>
  /** Configured ones, their gaps filled. */
  readonly headers: Readonly<Record<string, string>>
  readonly limits: Pick<UpstreamLimits, 'connectTimeout' | 'inFlight'>
  /** Bytes of a result. */
  readonly bytes: number
  /** Opens a 2025-era session anew, by `initialize`; fulfilled with whether it could. Never rejects. */
  readonly reopen: () => Promise<boolean>
  /** What was said unasked may be lost. */
  readonly gap: () => void
}

/** A wire of HTTP, and what only who negotiates can tell it. */
export interface HttpWire {
  readonly open: OpenWire
  /** The 2025-era handshake came to this revision: from now on it is said. */
  readonly begin: (revision: string) => void
  /** From now on the upstream may speak unasked. */
  readonly listen: () => void
}

/** The 2025-era session of a connection. */
interface Session {
  id: string | undefined
  revision: string | undefined
  /** Counts those that were opened. */
  number: number
}

/** So many streams beside the calls: what is said unasked, subscriptions, notifications. */
const BESIDE = 16
const LONGEST_SESSION_ID = 1024
/** How long an upstream has to take note that a session ends, in ms. */
const FAREWELL = 2_000
const LONGEST_RESUME = 30_000
const SHORTEST_RESUME = 100
const DEFAULT_RESUME = 1_000

/** Messages by Streamable HTTP, of both eras. */
export function httpWire(options: HttpWireOptions): HttpWire {
  const { transport, headers, limits, bytes } = options
  const client = httpClient(transport, {
    connectTimeout: limits.connectTimeout,
    connections: limits.inFlight + BESIDE,
  })
  const tells = tellsOver(client)
  const session: Session = { id: undefined, revision: undefined, number: 0 }
  const ended = Promise.withResolvers<string>()
  let endStream: (() => void) | undefined
  let heard: WireEvents['heard'] = () => undefined
  let isClosed = false
  let reopening: Promise<boolean> | undefined

  const own = () => ({ session: session.id, revision: session.revision })
  const resumption = (lastId: string | undefined): HttpAsk => ({
    method: 'GET',
    headers: sessionHeaders(
      headers,
      { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
      own(),
    ),
  })

  const close = async (why: string): Promise<void> => {
    ended.resolve(why)
    if (isClosed) return
    isClosed = true
    endStream?.()
    if (session.id !== undefined)
      await statusOf(client, { method: 'DELETE', headers: sessionHeaders(headers, {}, own()) }, FAREWELL)
    await client.close()
  }
  /** Opens the session anew, once for all who found it gone. */
  const recover = async (number: number): Promise<boolean> => {
    if (isClosed) return false
    if (number !== session.number && reopening === undefined) return true
    reopening ??= options.reopen().then((isOpen) => {
      reopening = undefined
      if (isOpen) options.gap()
      return isOpen
    })
    const isOpen = await reopening
    if (!isOpen) void close('it has forgotten the session, and opens no other')
    return isOpen
  }
  const opened = (id: string | undefined): void => {
    endStream?.()
    session.id =
      id !== undefined && id.length <= LONGEST_SESSION_ID && /^[\x21-\x7e]+$/.test(id) ? id : undefined
    session.revision = undefined
    session.number++
  }

  const sending = (request: Outgoing, hearing: Hearing): (() => void) => {
    const { id, method, params, era, repeatable } = request
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    let current: Exchange | undefined
    let timer: NodeJS.Timeout | undefined
    let isHeard = false

    const give = (message: unknown, length: number): void => {
      isHeard = true
      hearing.heard(message, length)
      isHeard = false
    }
    const resume = ({ lastId, retry = DEFAULT_RESUME }: Place): void => {
      const wait = Math.min(Math.max(retry, SHORTEST_RESUME), LONGEST_RESUME)
      timer = setTimeout(() => {
        current = exchange(client, resumption(lastId), bytes, {
          message: give,
          end(end) {
            if (hearing.isOver()) return
            if (end.kind === 'ended' && end.isStream)
              resume({ ...end.place, lastId: end.place.lastId ?? lastId })
            else hearing.over(answerOf(end))
          },
        })
      }, wait)
    }
    const post = (isFirst: boolean): void => {
      const { id: used, number } = session
      let status = 0
      const isLost = (): boolean =>
        status === 404 && used !== undefined && era !== MODERN && method !== 'initialize'
      const end = (over: ExchangeEnd): void => {
        if (hearing.isOver()) return
        if (isLost()) return void again(isFirst, number)
        if (over.kind === 'failed' && over.sent && repeatable && isFirst) return post(false)
        if (over.kind === 'ended' && over.place.lastId !== undefined && era !== MODERN)
          return resume(over.place)
        hearing.over(answerOf(over))
      }
      current = exchange(
        client,
        { method: 'POST', headers: requestHeaders(headers, request, own()), body },
        bytes,
        {
          answered(answered, sessionId) {
            status = answered
            if (method === 'initialize' && status === 200) opened(sessionId)
          },
          message(message, length) {
            if (!isLost() && isSpoken(status)) give(message, length)
          },
          end,
        },
      )
    }
    const again = async (isFirst: boolean, number: number): Promise<void> => {
      const isOpen = isFirst && (await recover(number))
      if (hearing.isOver()) return
      if (isOpen && repeatable) post(false)
      else hearing.over({ kind: 'down', sent: false, why: 'it has forgotten the session' })
    }
    post(true)
    return () => {
      clearTimeout(timer)
      if (isHeard) current?.leave()
      else current?.stop()
    }
  }

  const tell = async (message: Told, era: Era): Promise<boolean> => {
    // Since 2026-07-28 there is nothing to tell by HTTP but requests.
    if (era === MODERN || isClosed) return false
    const more = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    const status = await tells.send({ method: 'POST', headers: sessionHeaders(headers, more, own()), body })
    return status !== undefined && status < 300
  }

  return {
    open(events): Wire {
      heard = events.heard
      return {
        hasStreams: true,
        send: sending,
        tell,
        closed: ended.promise,
        close: async () => close('it was closed'),
      }
    },
    begin(revision) {
      session.revision = revision
    },
    listen() {
      const { number } = session
      endStream = unaskedStream({
        client,
        ask: resumption,
        bytes,
        heard: (message, length) => heard(message, length),
        sessionLost: () => void recover(number),
        gap: options.gap,
      })
    },
  }
}

/** A status whose body is about the request: others are about our hop, whatever they say. */
function isSpoken(status: number): boolean {
  return status < 300 || isOfRequest(status)
}

function answerOf(end: ExchangeEnd): UpstreamAnswer {
  switch (end.kind) {
    case 'ended':
      return end.isStream
        ? { kind: 'down', sent: true, why: 'it ended its answer before it was complete' }
        : { kind: 'garbage', why: 'what it answered is no answer to the request' }
    case 'refused':
      return refusedBy(end.status)
    case 'failed':
      return { kind: 'down', sent: end.sent, why: httpFailure(end.error) }
    case 'garbage':
    case 'too_large':
      return end
  }
}

/** A server that has trouble may have carried it out, and is to be left in peace; every other one has only said no. */
function refusedBy(status: number): UpstreamAnswer {
  const why = `it answered with HTTP ${status}`
  if (status >= 500) return { kind: 'down', sent: true, why }
  const hint = status === 401 ? ': check the credential that it is sent ("headers")' : ''
  return { kind: 'refused', status, why: `${why}${hint}` }
}
