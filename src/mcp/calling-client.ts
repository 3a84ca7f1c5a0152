import type { ClientCapabilities, LoggingLevel } from '@modelcontextprotocol/server'
import type { Era } from './methods.ts'

/** How far a call has come (MCP, progress): `progress` grows, `total` may be unknown. */
export interface Progress {
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

/** A line of a log for the client of a call (MCP, logging). */
export interface LogLine {
  readonly level: LoggingLevel
  readonly logger?: string
  readonly data: unknown
}

/** Something that only the client can do: ask its user, its model, or say where its roots are. */
export interface ClientRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list'
  readonly params: Readonly<Record<string, unknown>>
}

/** What a client said to a {@link ClientRequest}. */
export type ClientAnswer =
  | { readonly kind: 'result'; readonly result: Readonly<Record<string, unknown>> }
  /** An error of JSON-RPC, as the client said it, bounded. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  /** It went away, the call was cancelled, or it took too long. */
  | { readonly kind: 'unanswered' }

/**
 * The client of one call, as far as the protocol lets a handler speak with it while the call runs. What is said here is
 * carried on the answer stream of this very call, so that nobody else hears it. Never throws.
 */
export interface CallingClient {
  readonly era: Era
  /** As the client declared them itself; nothing that matters is decided by it. */
  readonly capabilities: ClientCapabilities | undefined
  /** Stands for the 2025-era session that the call came in; absent where there is none. The same text, the same session. */
  readonly session?: string
  /** Tells how far the call is; absent where the client did not ask for it. */
  readonly progress?: (progress: Progress) => void
  /** Tells the client; what it did not ask for, or below the level it asked for, is dropped. */
  readonly log: (line: LogLine) => void
  /** The least level that the client asked to be told of; absent where it asked for nothing. */
  readonly logLevel?: LoggingLevel
  /**
   * Asks the client in the middle of the call; absent where its era has no such requests (MCP 2026-07-28: a handler then
   * returns an `InputRequiredResult` and is called again). Aborted with the call.
   */
  readonly ask?: (request: ClientRequest, signal: AbortSignal) => Promise<ClientAnswer>
  /** What a repeated call brings along, by the keys of the `inputRequests` it answers; untrusted. */
  readonly inputResponses: Readonly<Record<string, unknown>>
  /**
   * The very `requestState` that this handler returned in its last `InputRequiredResult` of this same call: on its way
   * through the client it was sealed and bound to principal, action, name and arguments. Absent in a first round.
   */
  readonly requestState?: string
}
