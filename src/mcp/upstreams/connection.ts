import type { ClientCapabilities, LoggingLevel } from '@modelcontextprotocol/server'
import type { ClientAnswer, ClientRequest, LogLine, Progress } from '../calling-client.ts'
import type { ListKind } from '../catalog-source.ts'
import type { Era } from '../methods.ts'
import type { UpstreamOptions } from './options.ts'

/** One request to an upstream. */
export interface UpstreamRequest {
  readonly method: string
  /** Without `_meta`. Sent as it is: what was decided on. */
  readonly params: Readonly<Record<string, unknown>>
  /** Members of `_meta` beside those of the protocol, which are the connection's own: trace context, identity. */
  readonly meta?: Readonly<Record<string, unknown>>
  /** Of HTTP alone, beside those of the protocol: identity, `Mcp-Param-*`. */
  readonly headers?: Readonly<Record<string, string>>
  /** What the client of this call can do, cut down to what the upstream may ask; for 2026-07-28, where it is said in each request. */
  readonly clientCapabilities?: ClientCapabilities
  /** For 2026-07-28, where it is said in each request. */
  readonly logLevel?: LoggingLevel
  /** Aborted: the upstream is told that nobody waits, and the answer is `cancelled`. */
  readonly signal: AbortSignal
  /** Ms, to the end of the answer. */
  readonly timeout: number
  /** Whether it may be sent a second time when nobody knows if the first one arrived: lists and reads. */
  readonly repeatable: boolean
  /** Whose call it is, as in `service:billing`; absent where it is ours. */
  readonly principal?: string
  /** Who calls, for a server in this process (`AuthInfo` of both SDK lines). */
  readonly authInfo?: unknown
  /** Progress of this very request; without it none is asked for. */
  readonly onProgress?: (progress: Progress) => void
  readonly onLog?: (line: LogLine) => void
  /** The upstream asks in the middle of this very request (2025-era). Without it, it is told that nobody can answer. */
  readonly onAsk?: (request: ClientRequest, signal: AbortSignal) => Promise<ClientAnswer>
}

/** What became of a request. `why` is for the operator: it may name hosts and paths, never a secret. */
export type UpstreamAnswer =
  | { readonly kind: 'result'; readonly result: Readonly<Record<string, unknown>> }
  /** An error of JSON-RPC, as the upstream said it; `message` and `data` bounded. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string; readonly data?: unknown }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timeout' }
  /** Longer than `results.bytes`; the rest was not read. */
  | { readonly kind: 'too_large' }
  /** No answer: `sent` says whether the upstream may have acted on it. */
  | { readonly kind: 'down'; readonly sent: boolean; readonly why: string }
  /** HTTP says no by this status (below 500) and nothing else: it can be reached, and did not carry it out. */
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }
  /** So many calls, or connections, are open already. */
  | { readonly kind: 'busy' }
  /** A secret of this principal is not in the vault: its name. */
  | { readonly kind: 'no_secret'; readonly secret: string }
  /** What came was no answer of the protocol. */
  | { readonly kind: 'garbage'; readonly why: string }

/** What an upstream said of itself; untrusted. */
export interface Greeting {
  readonly name: string
  readonly version: string
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly instructions: string | undefined
}

/** An open, negotiated connection to an upstream. Every request on it is its own: ids and progress tokens are made here. */
export interface UpstreamConnection {
  readonly era: Era
  readonly greeting: Greeting
  /** Never rejects. */
  request(request: UpstreamRequest): Promise<UpstreamAnswer>
  /** Requests that have no answer yet. */
  readonly inFlight: () => number
  /** Watches a resource until the function it returns is called; a connection that cannot says nothing. */
  watch(uri: string, changed: () => void): () => void
  /** Fulfilled with why, when it is over, however. */
  readonly closed: Promise<string>
  /** Ends it, and whatever it runs in; fulfilled when that is gone. May be called twice. */
  close(): Promise<void>
}

/** What differs between the connections of one upstream. */
export interface Dial {
  /** The gaps filled: environment of a process, headers of HTTP. */
  readonly secrets: Readonly<Record<string, string>>
  /** What is declared to a 2025-era upstream once and for all: what the client can do and the upstream may ask. */
  readonly clientCapabilities: ClientCapabilities
  /** Breaks off connecting. */
  readonly signal: AbortSignal
  /** The era that the last connection found, to save the question. */
  readonly knownEra?: Era
}

/** What a connection tells that belongs to no request. */
export interface ConnectionEvents {
  readonly onListChanged: (kind: ListKind) => void
  /** A line for the operator: what a process wrote to stderr, what was dropped and why. Bounded; no secret of ours. */
  readonly onLine: (line: string) => void
}

/** What connecting came to. */
export type Connected =
  | { readonly kind: 'connected'; readonly connection: UpstreamConnection }
  /** `why` for the operator. */
  | { readonly kind: 'failed'; readonly why: string }

/** Connects, and negotiates the era. Never rejects. */
export type Connect = (options: UpstreamOptions, dial: Dial, events: ConnectionEvents) => Promise<Connected>
