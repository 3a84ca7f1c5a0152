import type { Era } from '../methods.ts'
import type { UpstreamAnswer } from './connection.ts'

/** A request as it goes out: its id and its `_meta` are ours. */
export interface Outgoing {
  readonly era: Era
  readonly id: number
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** Of HTTP alone, beside those of the protocol. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of a server in this process alone. */
  readonly authInfo?: unknown
  readonly repeatable: boolean
}

/** The peer, as a wire sees it while a request is under way. Never throws. */
export interface Hearing {
  /**
   * A message that came on the stream of this very request.
   *
   * @param length of it, in bytes or characters
   */
  heard(message: unknown, length: number): void
  /** There will be no answer, for this reason. Nothing happens if there was one. */
  over(answer: UpstreamAnswer): void
  readonly isOver: () => boolean
}

/** A message without an answer: a notification, or the answer to a request of the upstream. */
export type Told =
  | { readonly method: string; readonly params?: Readonly<Record<string, unknown>> }
  | { readonly id: string | number; readonly result: Readonly<Record<string, unknown>> }
  | { readonly id: string | number; readonly error: { readonly code: number; readonly message: string } }

/** Carries messages to one upstream and back. Never throws; keeps a bounded amount of what it could not send. */
export interface Wire {
  /** Whether the answer to each request comes on a stream of its own, so that closing it cancels (2026-07-28). */
  readonly hasStreams: boolean
  /** @returns stops waiting for the answer, and frees what the request holds */
  send(request: Outgoing, hearing: Hearing): () => void
  /** Fulfilled when it was handed over: false if it was dropped. */
  tell(message: Told, era: Era): Promise<boolean>
  /** Fulfilled with why, when it is over, however. */
  readonly closed: Promise<string>
  /** Fulfilled when what it runs on is gone. May be called twice. */
  close(): Promise<void>
}

/** What comes on no stream of a request, and what is wrong with the wire. */
export interface WireEvents {
  /** @param length of it, in bytes or characters */
  readonly heard: (message: unknown, length: number) => void
  /** A message that was longer than it may be: how it began and ended. */
  readonly tooLong: (edges: string) => void
  readonly onLine: (line: string) => void
}

export type OpenWire = (events: WireEvents) => Wire
