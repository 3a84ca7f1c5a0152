import { Readable } from 'node:stream'
import { Agent, buildConnector, request } from 'undici'
import type { Headers } from '../wire/headers.ts'

/** By what a connection is made. */
export interface Access {
  /** PEM: the roots that are trusted, and the certificate to present, if there is one. */
  readonly tls: { readonly ca: string; readonly cert?: string; readonly key?: string }
  /** Sent with every request. */
  readonly headers: Headers
}

/** One HTTP request to the MCP endpoint. */
export interface Ask {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: Headers
  readonly body?: string
  readonly signal: AbortSignal
  /** Told when the last of the body has been handed to the connection. */
  readonly onSent?: () => void
}

/** The answer, its body still to be read or thrown away. */
export interface Answer {
  readonly status: number
  /** The media type, without parameters. */
  readonly type: string
  readonly session: string | undefined
  readonly body: AsyncIterable<Buffer>
  /** Throws the body away. */
  discard(): Promise<void>
}

/** What became of a request that got no answer. */
export interface Unanswered {
  readonly error: unknown
  /** Nothing of the request was written, so nobody can have acted on it. */
  readonly unsent: boolean
  /** The connection stood, TLS included, before it failed. */
  readonly connected: boolean
}

/** An answer, or why there is none. */
export type Asked =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | ({ readonly kind: 'unanswered' } & Unanswered)

/** The connections by one certificate, or one session. */
export interface Connection {
  ask(ask: Ask): Promise<Asked>
  /** Takes no more requests; resolves when those that run are over. */
  retire(): Promise<void>
  /** Ends everything now. */
  destroy(): Promise<void>
}

/** How much of a body is handed over at once, in bytes. */
const PIECE = 64 * 1024
const CONNECT_TIMEOUT = 10_000
/** A peer that vanished without a word is noticed so long after it was last heard, and a little, in ms. */
const KEEP_ALIVE = 15_000

/**
 * Connections to one server by one certificate or session; TLS trusts the roots that go with it alone. Nothing is ever
 * sent twice, TLS sessions are not resumed (a resumed one would carry the certificate of before), and an answer is
 * waited for however long it takes: a call may take hours.
 */
export function connectionOf({ tls, headers: own }: Access, url: URL): Connection {
  const connector = buildConnector({
    ...tls,
    maxCachedSessions: 0,
    timeout: CONNECT_TIMEOUT,
    keepAliveInitialDelay: KEEP_ALIVE,
  })
  const neverStood = new WeakSet<Error>()
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(options, callback) {
      connector(options, (...[error, socket]) => {
        if (error !== null) neverStood.add(error)
        if (error === null) callback(null, socket)
        else callback(error, null)
      })
    },
  })
  return {
    async ask({ method, headers, body, signal, onSent }) {
      const sending = piecesOf(body ?? '', onSent)
      try {
        const {
          statusCode,
          headers: received,
          body: answer,
        } = await request(url, {
          dispatcher: agent,
          method,
          signal,
          headers: {
            ...headers,
            ...own,
            ...(body === undefined ? {} : { 'content-length': String(sending.length) }),
          },
          ...(body === undefined ? {} : { body: sending.pieces }),
        })
        return {
          kind: 'answered',
          answer: {
            status: statusCode,
            type: essence(only(received['content-type'])),
            session: only(received['mcp-session-id']),
            body: answer,
            discard: async () => answer.dump().catch(() => undefined),
          },
        }
      } catch (error) {
        const connected = !(error instanceof Error && neverStood.has(error))
        return { kind: 'unanswered', error, unsent: !sending.begun(), connected }
      }
    },
    retire: async () => agent.close(),
    destroy: async () => agent.destroy(),
  }
}

interface Sending {
  readonly length: number
  readonly pieces: Readable
  begun(): boolean
}

/** A body that says how far it has got: the headers of a request are written with the first piece of its body. */
function piecesOf(body: string, onSent: () => void = () => undefined): Sending {
  const bytes = Buffer.from(body, 'utf8')
  let begun = false
  async function* pieces(): AsyncGenerator<Buffer> {
    begun = true
    for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
    onSent()
  }
  return { length: bytes.length, pieces: Readable.from(pieces(), { objectMode: false }), begun: () => begun }
}

function only(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function essence(type: string | undefined): string {
  return (type ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
