import { createHash, type X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { buildConnector, Pool, type Dispatcher } from 'undici'
import type { UpstreamTransport } from './options.ts'

type HttpTransport = Extract<UpstreamTransport, { kind: 'http' }>

/** One request of HTTP to the upstream. */
export interface HttpAsk {
  readonly method: 'POST' | 'GET' | 'DELETE'
  /** Names and values by turns. */
  readonly headers: string[]
  readonly body?: string
}

/** Told what becomes of a request, as it comes. */
export interface HttpTold {
  answered(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void
  data(chunk: Buffer): void
  ended(): void
  /**
   * The last that is told; also after `answered`, where the answer was cut off.
   *
   * @param sent whether something of the request was handed to the connection
   */
  failed(error: Error, sent: boolean): void
}

/** A request under way. */
export interface HttpSending {
  /** Breaks it off, and ends its connection; nothing is told after that. */
  stop(): void
  /** Reads no more of the answer until it is resumed. */
  pause(): void
  resume(): void
}

/** Connections to one upstream, kept alive between requests. Redirects are answers like others; proxies are not used. */
export interface HttpClient {
  send(ask: HttpAsk, told: HttpTold): HttpSending
  /** Ends everything now. */
  close(): Promise<void>
}

/** What {@link httpClient} takes beside where the upstream is. */
export interface HttpClientOptions {
  /** Ms. */
  readonly connectTimeout: number
  readonly connections: number
}

/** A peer that vanished without a word is noticed so long after it was last heard, and a little, in ms. */
const KEEP_ALIVE = 15_000
/** A connection that is not used is closed before most servers would, in ms: what they close may be written to. */
const IDLE = 4_000

/**
 * Connections by HTTP/1.1. TLS is 1.2 at least; the certificate must be of the authorities, for the host, and where there
 * are pins, of one of them. That is looked at on each new connection, none of which resumes another, before anything is
 * sent. Fails closed.
 */
export function httpClient(
  { url, tls: { pins, ...tls } }: HttpTransport,
  { connectTimeout, connections }: HttpClientOptions,
): HttpClient {
  const connector = buildConnector({
    ...tls,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    maxCachedSessions: 0,
    timeout: connectTimeout,
    keepAliveInitialDelay: KEEP_ALIVE,
  })
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE,
    connect(options, callback) {
      connector(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null)
        if (
          pins.length === 0 ||
          (socket instanceof TLSSocket && isPinned(socket.getPeerX509Certificate(), pins))
        )
          return callback(null, socket)
        socket.destroy()
        callback(new Error('the public key of the server is none of "pins"'), null)
      })
    },
  })
  const path = url.pathname + url.search
  return {
    send({ method, headers, body }, told) {
      const handler = handlerOf(told)
      try {
        pool.dispatch({ path, method, headers, ...(body === undefined ? {} : { body }) }, handler.handler)
      } catch (error) {
        handler.fail(error)
      }
      return handler
    },
    close: async () => pool.destroy(),
  }
}

function isPinned(certificate: X509Certificate | undefined, pins: readonly string[]): boolean {
  if (certificate === undefined) return false
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return pins.includes(`sha256/${createHash('sha256').update(key).digest('base64')}`)
}

interface Handling extends HttpSending {
  readonly handler: Dispatcher.DispatchHandler
  fail(error: unknown): void
}

/** Tells no more once it is over, and has an end for a request that was stopped before it began. */
function handlerOf(told: HttpTold): Handling {
  let controller: Dispatcher.DispatchController | undefined
  let isOver = false
  const fail = (error: unknown): void => {
    // In a turn of its own: who sends has nothing yet to stop it by.
    queueMicrotask(() => {
      if (isOver) return
      isOver = true
      told.failed(error instanceof Error ? error : new Error(String(error)), controller !== undefined)
    })
  }
  return {
    handler: {
      onRequestStart(started) {
        controller = started
        if (isOver) started.abort(new Error('nobody waits for the answer'))
      },
      onResponseStart(_, status, headers) {
        if (!isOver && status >= 200) told.answered(status, headers)
      },
      onResponseData(_, chunk) {
        if (!isOver) told.data(chunk)
      },
      onResponseEnd() {
        if (isOver) return
        isOver = true
        told.ended()
      },
      onResponseError: (_, error) => fail(error),
    },
    stop() {
      if (isOver) return
      isOver = true
      controller?.abort(new Error('nobody waits for the answer'))
    },
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    fail,
  }
}
